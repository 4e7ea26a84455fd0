"""Against real servers over real TLS; only names, and where an address leads to, are the tests' own."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop

from ringfence.app.fetching import HttpsFetcher, SystemResolver, connect
from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.fetching import MAX_BODY_BYTES, WITHIN, Fetched, Target, Unfetchable

PUBLIC = "93.184.216.34"
TARGET = Target("keys.partner.example", 443, "/jwks?a=1")
OK = b'HTTP/1.1 200 OK\r\ncontent-length: 2\r\netag: "v1"\r\ncache-control: max-age=600\r\n\r\n{}'

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Net:
    """A resolver whose answers change, and the way from an address to a local server."""

    def __init__(self, tls: ssl.SSLContext, *answers: list[str]) -> None:
        self.tls = tls
        self.answers = list(answers) or [[PUBLIC]]
        self.resolved: list[str] = []
        self.connected: list[tuple[str, int, str]] = []
        self.port = 0
        self.within = WITHIN

    async def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        return self.answers[min(len(self.resolved), len(self.answers)) - 1]

    async def connect(self, address: str, port: int, tls: ssl.SSLContext, host: str):
        self.connected.append((address, port, host))
        return await connect("127.0.0.1", self.port, tls, host)

    def fetcher(self) -> HttpsFetcher:
        return HttpsFetcher(self.tls, self.resolve, self.connect, self.within)


@pytest.fixture(scope="session")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server that is keys.partner.example, and of who trusts its authority."""
    directory = tmp_path_factory.mktemp("tls")
    create_development_certificates(directory, ["keys.partner.example"], system_clock())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "server.pem", directory / "server.key")
    return server, ssl.create_default_context(cafile=str(directory / "ca.pem"))


@pytest.fixture
def net(server_tls) -> Net:
    return Net(server_tls[1])


@pytest.fixture
def serving(server_tls, net: Net):
    @asynccontextmanager
    async def run(serve: Serve) -> AsyncIterator[list[bytes]]:
        requests: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                requests.append(await reader.readuntil(b"\r\n\r\n"))
                await serve(reader, writer)
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                pass

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_tls[0])
        net.port = server.sockets[0].getsockname()[1]
        yield requests
        server.close()

    return run


def saying(*pieces: bytes, pause: float = 0.0) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return serve


async def refused(net: Net, match: str, etag: str = "") -> None:
    with pytest.raises(Unfetchable, match=match):
        await net.fetcher().fetch(TARGET, etag)


async def test_a_fetch_goes_to_the_address_that_was_judged_under_the_name_that_was_asked(net: Net, serving) -> None:
    async with serving(saying(OK)) as requests:
        fetched = await net.fetcher().fetch(TARGET, "")
    assert fetched == Fetched(b"{}", unchanged=False, etag='"v1"', fresh_for=600.0)
    assert net.connected == [(PUBLIC, 443, "keys.partner.example")]
    (request,) = requests
    assert request.startswith(b"GET /jwks?a=1 HTTP/1.1\r\nhost: keys.partner.example\r\n")
    assert b"if-none-match" not in request


async def test_a_name_that_is_public_first_and_private_then_is_not_resolved_twice(net: Net, serving) -> None:
    net.answers = [[PUBLIC], ["127.0.0.1"]]
    fetcher = net.fetcher()
    async with serving(saying(OK)):
        await fetcher.fetch(TARGET, "")
        assert net.resolved == ["keys.partner.example"]
        assert [address for address, *_ in net.connected] == [PUBLIC]
        with pytest.raises(Unfetchable, match=r"127\.0\.0\.1, which is not a public address"):
            await fetcher.fetch(TARGET, "")
    assert len(net.connected) == 1


async def test_nothing_is_sent_to_a_server_without_the_names_certificate(net: Net, serving) -> None:
    async with serving(saying(OK)) as requests:
        with pytest.raises(Unfetchable, match="CERTIFICATE_VERIFY_FAILED"):
            await net.fetcher().fetch(Target("other.example", 443, "/"), "")
        with pytest.raises(Unfetchable, match="CERTIFICATE_VERIFY_FAILED"):
            await HttpsFetcher(None, net.resolve, net.connect).fetch(TARGET, "")
    assert requests == []


async def test_what_is_unchanged_is_not_sent_again(net: Net, serving) -> None:
    async with serving(saying(b"HTTP/1.1 304 Not Modified\r\ncache-control: max-age=60\r\n\r\n")) as requests:
        fetched = await net.fetcher().fetch(TARGET, '"v1"')
        assert (fetched.unchanged, fetched.body, fetched.fresh_for) == (True, b"", 60.0)
        assert b'if-none-match: "v1"\r\n' in requests[0]
        await refused(net, "answered 304")


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308", "404", "500", "204", "206"])
async def test_redirects_and_errors_are_not_followed(net: Net, serving, status: str) -> None:
    answer = f"HTTP/1.1 {status} X\r\nlocation: https://internal.example/\r\ncontent-length: 0\r\n\r\n"
    async with serving(saying(answer.encode())):
        await refused(net, f"answered {status}")
    assert len(net.connected) == 1


async def test_a_body_of_the_largest_size_passes_and_one_byte_more_does_not(net: Net, serving) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"
    async with serving(saying(head % MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES)):
        assert len((await net.fetcher().fetch(TARGET, "")).body) == MAX_BODY_BYTES
    async with serving(saying(head % (MAX_BODY_BYTES + 1), b"x" * (MAX_BODY_BYTES + 1))):
        await refused(net, "too large")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1024),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1;" + b"e" * 1024 + b"\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"a: " + b"x" * 1024 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"a" * 1024),
    ],
)
async def test_an_answer_without_end_is_cut(net: Net, serving, head: bytes, piece: bytes) -> None:
    async with serving(saying(head, *[piece] * 4096)):
        began = time.monotonic()
        await refused(net, "too large|not HTTP")
        assert time.monotonic() - began < WITHIN


@pytest.mark.parametrize("answer", [OK[:-1], OK, b""])
async def test_an_answer_that_drips_is_given_up(net: Net, serving, answer: bytes) -> None:
    net.within = 0.3
    drops = [bytes([b]) for b in answer] or [b""]
    async with serving(saying(*drops, pause=0.05 if len(answer) > 1 else 2.0)):
        began = time.monotonic()
        await refused(net, "within")
        assert time.monotonic() - began < 1.0


async def test_a_resolver_that_says_nothing_is_given_up_and_the_place_is_free_again(net: Net, serving) -> None:
    waiting = asyncio.Event()

    async def never(host: str, port: int) -> list[str]:
        await waiting.wait()
        return []

    fetcher = HttpsFetcher(net.tls, never, net.connect, 0.2)
    answers = await asyncio.gather(*(fetcher.fetch(TARGET, "") for _ in range(20)), return_exceptions=True)
    assert {type(a) for a in answers} == {Unfetchable}
    fetcher._resolve = net.resolve
    async with serving(saying(OK)):
        await fetcher.fetch(TARGET, "")


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", "broke off"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "broke off"),
        (b"", "broke off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b", "compressed"),
    ],
)
async def test_answers_that_are_none(net: Net, serving, answer: bytes, match: str) -> None:
    async with serving(saying(answer)):
        await refused(net, match)


async def test_the_end_of_the_connection_may_end_a_body_without_length(net: Net, serving) -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n{}")):
        fetched = await net.fetcher().fetch(TARGET, "")
    assert fetched.body == b"{}"
    assert fetched.fresh_for == 300.0


async def test_an_etag_that_could_break_a_request_is_not_kept(net: Net, serving) -> None:
    async with serving(saying(b'HTTP/1.1 200 OK\r\netag: "\xe9"\r\ncontent-length: 2\r\n\r\n{}')):
        assert (await net.fetcher().fetch(TARGET, "")).etag == ""


def test_the_loop_that_the_roles_run_on_does_the_same(net: Net, serving) -> None:
    async def fetch() -> Fetched:
        async with serving(saying(OK)):
            await refused_without_certificate()
            return await net.fetcher().fetch(TARGET, "")

    async def refused_without_certificate() -> None:
        with pytest.raises(Unfetchable, match="CERTIFICATE_VERIFY_FAILED"):
            await net.fetcher().fetch(Target("other.example", 443, "/"), "")

    assert uvloop.run(fetch()).body == b"{}"


async def test_a_closed_port_and_a_name_that_nobody_has(net: Net) -> None:
    net.port = 1
    await refused(net, "Connect")
    assert await SystemResolver()("127.0.0.1", 443) == ["127.0.0.1"]
    with pytest.raises(OSError):
        await SystemResolver()("nobody.invalid", 443)
    with pytest.raises(Unfetchable, match="not a public address"):
        await HttpsFetcher(net.tls).fetch(Target("localhost", 443, "/"), "")


async def post(net: Net, bearer: str = "t0ken") -> int:
    return await net.fetcher().post(TARGET, b'{"a":1}', "application/json", bearer)


async def test_a_post_goes_to_the_address_that_was_judged_and_its_status_is_all_that_counts(net: Net, serving) -> None:
    async with serving(saying(b"HTTP/1.1 204 No Content\r\n\r\n")) as requests:
        assert await post(net) == 204
    assert net.connected == [(PUBLIC, 443, "keys.partner.example")]
    (request,) = requests
    assert request.startswith(b"POST /jwks?a=1 HTTP/1.1\r\nhost: keys.partner.example\r\n")
    assert b"\r\nauthorization: Bearer t0ken\r\n" in request
    assert b"\r\ncontent-length: 7\r\n" in request


async def test_a_redirect_is_not_followed(net: Net, serving) -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n"
    async with serving(saying(moved)) as requests:
        assert await post(net, "") == 307
    assert len(requests) == len(net.connected) == 1
    assert b"authorization" not in requests[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
async def test_nothing_is_posted_to_a_special_use_address(net: Net, address: str) -> None:
    net.answers = [[address]]
    with pytest.raises(Unfetchable, match="not a public address"):
        await post(net)
    assert net.connected == []


@pytest.mark.parametrize("bearer", ["a b", "a\r\nx: y", "ä", "a=b"])
async def test_a_bearer_token_cannot_end_its_field(net: Net, bearer: str) -> None:
    with pytest.raises(Unfetchable, match="bearer"):
        await post(net, bearer)
    assert net.connected == []


async def test_an_answer_to_a_post_is_bounded_in_size_and_time(net: Net, serving) -> None:
    huge = b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1)
    async with serving(saying(huge)):
        with pytest.raises(Unfetchable, match="too large"):
            await post(net)
    async with serving(saying(b"")):
        with pytest.raises(Unfetchable, match="broke off"):
            await post(net)
    net.within = 0.2
    async with serving(saying(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n\r\n", pause=2)):
        with pytest.raises(Unfetchable, match="no whole answer"):
            await post(net)


async def test_an_answer_to_what_is_delivered_is_read_whatever_its_status(net: Net, serving) -> None:
    refused = b'HTTP/1.1 400 Bad Request\r\ncontent-length: 21\r\n\r\n{"err":"invalid_key"}'
    async with serving(saying(refused)) as requests:
        answered = await net.fetcher().deliver(TARGET, b"e30.e30.c2ln", "application/secevent+jwt", "Basic YTpi")
    assert (answered.status, answered.body) == (400, b'{"err":"invalid_key"}')
    (request,) = requests
    assert b"\r\nauthorization: Basic YTpi\r\n" in request
    assert b"\r\naccept: application/json\r\n" in request
    assert b"\r\ncontent-type: application/secevent+jwt\r\n" in request


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\n", " a", "a ", "ä", "a\x00"])
async def test_what_is_sent_as_authorization_cannot_end_its_field(net: Net, value: str) -> None:
    with pytest.raises(Unfetchable, match="authorization"):
        await net.fetcher().deliver(TARGET, b"", "application/json", value)
    assert net.connected == []
