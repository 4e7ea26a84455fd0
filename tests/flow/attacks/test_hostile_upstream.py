"""An upstream that misbehaves: nothing of it gets through, and the next call is not harmed.  RFC 9112 §6.3, §11.1."""

import socket
import time
from collections.abc import Callable

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow

OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"content-length: 2\r\n\r\n{}"

INVALID = {
    "split": OK + b"x: a\r\r\nset-cookie: evil=1\r\n" + TWO,
    "two lengths": OK + b"content-length: 3\r\n" + TWO,
    "length and chunked": OK + b"transfer-encoding: chunked\r\n" + TWO,
    "switch": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello",
    "endless interim": b"HTTP/1.1 103 Hints\r\n\r\n" * 50 + OK + TWO,
    "no status": b"HTTP/1.1 999 X\r\n" + TWO,
    "no HTTP": b"\x16\x03\x01garbage\r\n\r\n",
    "line feeds": OK.replace(b"\r", b"") + TWO.replace(b"\r", b""),
    "folded": OK + b"x: a\r\n b\r\n" + TWO,
    "NUL": OK + b"x: a\0b\r\n" + TWO,
    "UTF-8": OK + b"x: \xc3\xa9\r\n" + TWO,
    "large head": OK + b"x: " + b"a" * 66_000 + b"\r\n" + TWO,
    "many fields": OK + b"".join(b"x%d: 1\r\n" % n for n in range(300)) + TWO,
    "bad chunk": OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "other coding": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "huge length": OK + b"content-length: 99999999999999999\r\n\r\n",
    "signed length": OK + b"content-length: +2\r\n\r\n{}",
    "cut short": OK + b"content-length: 100\r\n\r\nabc",
}


def then_cut(answer: bytes) -> Callable[[socket.socket], None]:
    def how(peer: socket.socket) -> None:
        peer.sendall(answer)
        raise OSError

    return how


@pytest.mark.parametrize("name", INVALID)
def test_what_is_no_proper_answer_is_not_passed_on(target: Target, name: str) -> None:
    path = target.upstream.answer("invalid", then_cut(INVALID[name]))
    target.check_refused(target.get(path), 502, "upstream-invalid")
    assert target.get(f"{BASE}/things").body == b"{}"


@pytest.mark.parametrize("surplus", [b"x", OK + b"content-length: 4\r\n\r\nevil"])
def test_what_follows_an_answer_does_not_answer_the_next_call(target: Target, surplus: bytes) -> None:
    path = target.upstream.answer("surplus", OK + TWO + surplus)
    for _ in range(4):
        assert target.get(path).body == b"{}"
        assert target.get(f"{BASE}/things").body == b"{}"


def test_what_an_upstream_must_not_say_ends_here(target: Target) -> None:
    said = (
        b"server: x/1\r\nset-cookie: login=evil\r\nx-correlation-id: evil\r\nstrict-transport-security: max-age=0\r\n"
        b"clear-site-data: *\r\nconnection: x-own\r\nx-own: 1\r\nx-ringfence-user: evil\r\nx-envoy-x: 1\r\n"
        b'alt-svc: h3="evil:443"\r\nx-powered-by: x\r\nx-kept: 1\r\n'
    )
    answer = target.get(target.upstream.answer("talk", OK + said + TWO))
    assert {n for n, _ in answer.headers} == {
        "x-kept", "x-correlation-id", "content-length", "date", "strict-transport-security", "ratelimit", "ratelimit-policy",
    }  # fmt: skip
    assert answer.header("strict-transport-security") == "max-age=31536000"
    assert "evil" not in answer.all("x-correlation-id")[0]
    assert len(answer.all("x-correlation-id")) == 1


def test_an_upstreams_own_address_is_not_told(target: Target) -> None:
    inside = f"http://127.0.0.1:{target.upstream.port}"
    for said, shown in (
        (f"{inside}/inner/things/7?a=b", f"https://{target.host}{BASE}/things/7?a=b"),
        (f"{inside}/other", None),
        (f"{inside}/innermost", None),
        ("https://bank.example/x", "https://bank.example/x"),
        ("/things/7", "/things/7"),
        ("http://[x", None),
    ):
        path = target.upstream.answer("moved", f"HTTP/1.1 303 X\r\nlocation: {said}\r\n".encode() + TWO)
        assert target.get(path).header("location") == shown


@pytest.mark.parametrize(("status", "seen", "reason"), [(500, 502, "upstream-failed"), (503, 503, "upstream-busy")])
def test_an_upstreams_failure_is_worded_by_us(target: Target, status: int, seen: int, reason: str) -> None:
    said = f"HTTP/1.1 {status} Traceback\r\nretry-after: 9\r\ncontent-length: 9\r\n\r\nTraceback".encode()
    target.check_refused(target.get(target.upstream.answer("failing", said)), seen, reason)


def test_a_silent_upstream_and_one_that_drips(target: Target) -> None:
    def drip(peer: socket.socket) -> None:
        peer.sendall(OK)
        for _ in range(60):
            peer.sendall(b"x: y\r\n")
            time.sleep(0.05)

    for how in (lambda _: time.sleep(3), drip):
        started = time.monotonic()
        target.check_refused(target.get(target.upstream.answer("slow", how)), 504, "upstream-timeout")
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("begun", [b"content-length: 900000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n20000\r\n"])
def test_a_stream_that_breaks_off_does_not_pass_for_whole(target: Target, begun: bytes) -> None:
    path = target.upstream.answer("broken", then_cut(OK + begun + b"x" * 100_000))
    with target.connect() as peer:
        peer.sendall(target.request("GET", path))
        received = b""
        try:
            while piece := peer.recv(65536):
                received += piece
        except OSError:
            pass
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")
    assert b"content-length: 100000" not in received


def test_a_payment_is_never_sent_twice(target: Target) -> None:
    def reset(_: socket.socket) -> None:
        raise OSError

    path = target.upstream.answer("reset", reset)
    for _ in range(3):
        before = target.calls()
        message = target.request("POST", path, b"content-type: application/json", body=b'{"amount":"1"}')
        target.check_refused(target.raw(message), 502, "upstream-unreachable")
        assert target.calls() - before == 1
