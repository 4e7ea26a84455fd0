"""Callers who take much and give little: others are still served, and memory stays bounded."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow

PATH = f"{BASE}/things"


@contextlib.contextmanager
def many(target: Target, count: int, data: list[bytes]) -> Iterator[list[ssl.SSLSocket]]:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(target.connect()) for _ in range(count)]
        for peer, each in zip(peers, data * count, strict=False):
            peer.sendall(each)
        yield peers


def test_callers_who_never_finish_their_request(target: Target) -> None:
    heads = [b"", b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"GET /" + b"a" * 1000]
    with many(target, 150, heads):
        assert target.get(PATH).status == 200


def test_callers_who_never_finish_their_body(target: Target) -> None:
    line = b"content-type: application/json\r\ncontent-length: 14"
    bodies = [target.request("POST", PATH, line) + b'{"am' for _ in range(60)]
    before = target.calls()
    with many(target, 60, bodies):
        assert target.get(PATH).status == 200
    assert target.calls() - before == 1


def test_callers_who_do_not_read_do_not_fill_the_workers(target: Target) -> None:
    def endless(peer: socket.socket) -> None:
        peer.settimeout(10)
        peer.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        while True:
            peer.sendall(piece)

    path = target.upstream.answer("endless", endless)
    assert target.get(PATH).status == 200
    before = target.worker_memory()
    with many(target, 20, [target.request("GET", path) for _ in range(20)]):
        time.sleep(1.5)
        grown = target.worker_memory() - before
        assert target.get(PATH).status == 200
    assert grown < 20 * 2_000_000, grown  # a connection holds its buffers, not the stream
    until = time.monotonic() + 5
    while len(target.upstream.open) > 10 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(target.upstream.open) <= 10  # those that wait to be used again


def test_headers_without_end(target: Target, nothing_reaches_the_upstream: None) -> None:
    try:
        answer = target.get(PATH, *(b"a%d: %b" % (n, b"x" * 10_000) for n in range(100)))
    except OSError:  # cut off while it was still talking
        return
    if answer.status:
        target.check_refused(answer, 431, "headers-too-large")


def send_bad_tokens(target: Target, first: int) -> None:
    """Send a thousand tokens with the right payload and a wrong signature, each another one."""
    head, payload, _ = target.tokens.access_token.split(".")
    with target.connect() as peer:
        for number in range(first, first + 1000):
            token = f"{head}.{payload}.{number:086d}"
            peer.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {target.host}\r\nAuthorization: DPoP {token}\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b"}"):
                answer += peer.recv(65536)
            assert answer.startswith(b"HTTP/1.1 401")


def test_a_thousand_bad_tokens_cost_nothing_lasting(target: Target) -> None:
    send_bad_tokens(target, 0)  # buffers grow to what such a burst needs, once
    before, calls = target.worker_memory(), target.calls()
    send_bad_tokens(target, 1000)
    assert target.calls() == calls
    assert target.worker_memory() - before < 3_000_000
    assert target.get(PATH).status == 200
