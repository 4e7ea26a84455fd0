"""Request smuggling: can one message be read as another one, or as two?  RFC 9112 §6, §11.2."""

import pytest
from http2_frames import call
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow

PATH = f"{BASE}/things"
JSON = b'{"amount":"1"}'
SMUGGLED = b"GET " + BASE.encode() + b"/things/smuggled HTTP/1.1\r\nHost: %b\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
WORKER_FIELDS = b"x-ringfence-peer: 127.0.0.1\r\nx-ringfence-listener: public\r\n"

REFUSED = {
    "length and chunked": ([b"Content-Length: 4", CHUNKED], b"0\r\n\r\n" + SMUGGLED),
    "space before the colon": ([b"Transfer-Encoding : chunked"], b"0\r\n\r\n" + SMUGGLED),
    "vertical tab": ([b"Transfer-Encoding: \x0bchunked"], b"0\r\n\r\n" + SMUGGLED),
    "identity": ([b"Transfer-Encoding: identity"], JSON),
    "chunked and identity": ([CHUNKED, b"Transfer-Encoding: identity"], b"0\r\n\r\n" + SMUGGLED),
    "chunked twice": ([CHUNKED, CHUNKED], b"e\r\n" + JSON + b"\r\n0\r\n\r\n" + SMUGGLED),
    "gzip, chunked": ([b"Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n" + SMUGGLED),
    "signed length": ([b"Content-Length: +14"], JSON),
    "negative length": ([b"Content-Length: -1"], JSON),
    "hexadecimal length": ([b"Content-Length: 0xe"], JSON),
    "listed length": ([b"Content-Length: 14, 14"], JSON),
    "repeated length": ([b"Content-Length: 14", b"Content-Length: 14"], JSON),
    "split length": ([b"Content-Length: 1 4"], JSON),
    "length beyond numbers": ([b"Content-Length: 99999999999999999999"], JSON),
    "a field without a name": ([b": x", b"Content-Length: 14"], JSON),
    "a field without a colon": ([b"x", b"Content-Length: 14"], JSON),
}

BAD_CHUNKS = {
    "line feed in an extension": b"e;\n" + JSON + b"\r\n0\r\n\r\n",
    "line feeds alone": b"e\n" + JSON + b"\n0\n\n",
    "0x": b"0xe\r\n" + JSON + b"\r\n0\r\n\r\n",
    "plus": b"+e\r\n" + JSON + b"\r\n0\r\n\r\n",
    "too many digits": b"ffffffffffffffffe\r\n" + JSON + b"\r\n0\r\n\r\n",
}


LONGER_THAN_TOLD = b"d\r\n" + JSON + b"\r\n0\r\n\r\n"
"""Envoy skips what stands between a chunk and its line end, and sends the worker a message without it."""


def post(target: Target, lines: list[bytes], body: bytes) -> bytes:
    message = target.request("POST", PATH, b"Content-Type: application/json", *lines, body=b"")
    return message + body.replace(b"%b", target.host.encode())


def for_worker(target: Target, message: bytes) -> bytes:
    """What an edge that passed everything on would send: its own fields, and the rest as it came."""
    host = f"Host: {target.host}\r\n".encode()
    return message.replace(host, host + WORKER_FIELDS, 1)


@pytest.mark.parametrize("name", REFUSED)
def test_a_body_that_can_be_framed_two_ways(target: Target, name: str, nothing_reaches_the_upstream: None) -> None:
    lines, body = REFUSED[name]
    for answer in (
        target.raw(post(target, lines, body), until_close=True),
        target.worker(for_worker(target, post(target, lines, body)), until_close=True),
    ):
        target.check_refused(answer, 400, "malformed-request")
        assert answer.rest == b""


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_chunks_that_are_none(target: Target, name: str, nothing_reaches_the_upstream: None) -> None:
    answer = target.raw(post(target, [CHUNKED], BAD_CHUNKS[name]), until_close=True)
    target.check_refused(answer, 400, "malformed-request")
    answer = target.worker(for_worker(target, post(target, [CHUNKED], BAD_CHUNKS[name])), until_close=True)
    target.check_refused(answer, 400, "body-incomplete")
    assert answer.rest == b""


def test_a_chunk_that_is_longer_than_told(target: Target, nothing_reaches_the_upstream: None) -> None:
    answer = target.worker(for_worker(target, post(target, [CHUNKED], LONGER_THAN_TOLD)), until_close=True)
    target.check_refused(answer, 400, "body-incomplete")
    target.check_refused(target.raw(post(target, [CHUNKED], LONGER_THAN_TOLD)), 400, "json-malformed")


@pytest.mark.parametrize(
    "head",
    [
        b"POST %b HTTP/1.1\nHost: h\n\n",
        b"POST\t%b\tHTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST %b HTTP/1.0\r\nHost: h\r\n\r\n",
        b"POST %b HTTP/2.0\r\nHost: h\r\n\r\n",
        b"POST %b\r\n\r\n",
        b"post %b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: h\r\nx: a\r\n b\r\n\r\n",
        b"POST %b HTTP/1.1\r\nHost: h\r\nx: a\rb\r\n\r\n",
        b"POST https://h%b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST *%b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_a_worker_takes_nothing_that_is_not_plain(
    target: Target, head: bytes, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.worker(head.replace(b"%b", PATH.encode())), 400, "malformed-request")


def test_a_second_request_on_a_workers_connection_is_not_served(target: Target) -> None:
    """The edge does not pipeline: what follows a request before its answer is smuggled."""
    before = target.calls()
    first, second = (for_worker(target, target.request("GET", f"{BASE}/things/{n}")) for n in (1, 2))
    answer = target.worker(first + second, until_close=True)
    assert (answer.status, answer.rest) == (200, b"")
    assert [head for head, _ in target.upstream.heads()[before:]] == ["GET /inner/things/1 HTTP/1.1"]


def test_what_follows_a_body_is_a_call_of_its_own(target: Target) -> None:
    message = post(target, [b"Content-Length: 14"], JSON + SMUGGLED)
    before = target.calls()
    answer = target.raw(message, wait=1, until_close=True)
    assert (answer.status, target.calls() - before) == (200, 1)
    assert b"token-missing" in answer.rest


def test_a_trailer_says_nothing(target: Target) -> None:
    body = b"e\r\n" + JSON + b"\r\n0\r\nx-ringfence-user: evil\r\nx-digits: 1\r\n\r\n"
    assert target.raw(post(target, [CHUNKED, b"Trailer: x-ringfence-user"], body)).status == 200
    assert b"evil" not in target.upstream.seen[-1]


def fields(target: Target, method: bytes = b"GET", **pseudo: bytes) -> list[tuple[bytes, bytes]]:
    token = target.tokens.access_token
    proof = target.partner.proof(method.decode(), f"https://{target.host}{PATH}", token)
    known = {"method": method, "scheme": b"https", "authority": target.host.encode(), "path": PATH.encode()} | pseudo
    return [
        *((b":" + name.encode(), value) for name, value in known.items()),
        (b"authorization", b"DPoP " + token.encode()),
        (b"dpop", proof.encode()),
    ]


H2_BREAKS = {
    "transfer-encoding": ((b"transfer-encoding", b"chunked"), {}),
    "connection": ((b"connection", b"x-ringfence-user"), {}),
    "line end in a value": ((b"x", b"a\r\nx-ringfence-user: evil"), {}),
    "line end in a name": ((b"x\r\ny", b"a"), {}),
    "colon in a name": ((b"x:y", b"a"), {}),
    "capital in a name": ((b"X", b"a"), {}),
    "underscore in a name": ((b"x_ringfence_user", b"a"), {}),
    "late pseudo field": ((b":path", b"/x"), {}),
    "line end in the path": ((b"x", b"y"), {"path": b"/ HTTP/1.1\r\nx: y\r\n\r\n"}),
    "space in the path": ((b"x", b"y"), {"path": b"/a b"}),
    "path without a slash": ((b"x", b"y"), {"path": b"a"}),
    "absolute path": ((b"x", b"y"), {"path": b"https://evil/a"}),
    "line end in the method": ((b"x", b"y"), {"method": b"GET / HTTP/1.1\r\nx:"}),
    "user in the authority": ((b"x", b"y"), {"authority": b"a@evil"}),
    "scheme with more": ((b"x", b"y"), {"scheme": b"https://evil/?"}),
}


@pytest.mark.parametrize("name", H2_BREAKS)
def test_http2_cannot_say_what_http1_would_read_otherwise(
    target: Target, name: str, nothing_reaches_the_upstream: None
) -> None:
    extra, pseudo = H2_BREAKS[name]
    with target.connect("h2") as peer:
        assert call(peer, [*fields(target, **pseudo), extra]) == "reset"


@pytest.mark.parametrize("length", [b"3", b"30", b"0"])
def test_http2_with_another_length_than_it_says(
    target: Target, length: bytes, nothing_reaches_the_upstream: None
) -> None:
    pairs = [*fields(target, b"POST"), (b"content-type", b"application/json"), (b"content-length", length)]
    with target.connect("h2") as peer:
        assert call(peer, pairs, JSON) == "reset"


def test_http2_that_breaks_no_rule_is_served(target: Target) -> None:
    with target.connect("h2") as peer:
        assert call(peer, [*fields(target, b"POST"), (b"content-type", b"application/json")], JSON) == "answered"
    assert target.upstream.seen[-1].endswith(JSON)


def test_a_reset_http2_stream_is_on_record(target: Target) -> None:
    with target.connect("h2") as peer:
        call(peer, [*fields(target), (b"connection", b"x")])
    found = target.events_where(lambda event: event["private"].startswith("edge: http2."))
    assert (found["allowed"], found["status"], found["reason"]) == (False, 400, "malformed-request")
