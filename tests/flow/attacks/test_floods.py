"""Much of one thing at once: each flood is cut off, memory stays bounded, and others are served meanwhile."""

import contextlib
import gzip
import json
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from installation_under_attack import BASE, Target

from bench.attacks import MERSENNE, colliding
from bench.http2_frames import (
    CANCEL,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RESET,
    SETTINGS,
    fields,
    frame,
    get,
)

pytestmark = pytest.mark.flow

PATH = f"{BASE}/things"
JSON = b"content-type: application/json"
SOON = 30.0
"""Seconds after which a flood that is not cut off is not going to be."""
ROOM = 10_000_000
"""Octets that the workers may hold more after a flood than before: less than any of them sends."""


@pytest.fixture(autouse=True)
def others_are_served(target: Target) -> Iterator[None]:
    yield
    assert target.get(PATH).status == 200


def until_end(peer: ssl.SSLSocket, kinds: frozenset[int] = frozenset({RESET, GOAWAY})) -> str:
    """Return how the edge defends itself against HTTP/2: by a reset, a goodbye, or the end of the connection."""
    held, until = b"", time.monotonic() + SOON
    try:
        while time.monotonic() < until:
            while len(held) < 9 or len(held) < 9 + int.from_bytes(held[:3], "big"):
                peer.settimeout(max(0.01, until - time.monotonic()))
                piece = peer.recv(65536)
                if not piece:
                    return "ended"
                held += piece
            if held[3] in kinds:
                return "reset" if held[3] == RESET else "goaway"
            held = held[9 + int.from_bytes(held[:3], "big") :]
    except (ConnectionError, ssl.SSLError):
        return "ended"
    except TimeoutError:
        pass
    return "nothing"


def flood(target: Target, data: bytes, kinds: frozenset[int] = frozenset({RESET, GOAWAY})) -> str:
    with target.connect("h2") as peer:
        with contextlib.suppress(OSError):  # cut off while it was still talking
            peer.sendall(PREFACE + frame(SETTINGS, 0, 0) + data)
        return until_end(peer, kinds)


def test_streams_that_are_cancelled_as_soon_as_they_begin(target: Target, nothing_reaches_the_upstream: None) -> None:
    """CVE-2023-44487."""
    head, reset = get(target.host, PATH), CANCEL.to_bytes(4, "big")
    before = target.worker_memory()
    data = b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, head) + frame(RESET, 0, stream, reset)
        for stream in range(1, 8001, 2)
    )
    assert flood(target, data, frozenset({GOAWAY})) in {"goaway", "ended"}
    assert target.worker_memory() - before < ROOM


def test_a_head_that_never_ends(target: Target, nothing_reaches_the_upstream: None) -> None:
    """CVE-2024-30255."""
    more = frame(CONTINUATION, 0, 1, fields([(b"x", b"a" * 16_000)]))
    assert flood(target, frame(HEADERS, END_STREAM, 1, get(target.host, PATH)) + more * 640) in {
        "reset",
        "goaway",
        "ended",
    }


def test_a_head_that_unpacks_to_much(target: Target, nothing_reaches_the_upstream: None) -> None:
    """One field of 4000 octets in the table, and references of one octet each to it: RFC 7541 §7.3."""
    stored = b"\x40\x01x\x7f" + bytes([(3900 - 127) % 128 + 128, (3900 - 127) // 128]) + b"a" * 3900
    head = get(target.host, PATH) + stored + b"\xbe" * 10_000
    assert flood(target, frame(HEADERS, END_HEADERS | END_STREAM, 1, head)) in {"reset", "goaway", "ended"}


@pytest.mark.parametrize("one", [frame(PING, 0, 0, b"\0" * 8), frame(SETTINGS, 0, 0)], ids=["pings", "settings"])
def test_questions_whose_answers_nobody_reads(target: Target, one: bytes) -> None:
    with target.connect("h2") as peer:
        peer.settimeout(SOON)
        sent = PREFACE + frame(SETTINGS, 0, 0)
        try:
            for _ in range(400):
                peer.sendall(sent)
                sent = one * 2000
        except OSError:  # reset, broken or ended: whatever the system tells
            return
    raise AssertionError("nothing stopped it")


@pytest.mark.parametrize("line", [b"content-encoding: gzip", b"content-encoding: br"])
def test_a_compressed_bomb_is_not_unpacked(target: Target, line: bytes, nothing_reaches_the_upstream: None) -> None:
    bomb = gzip.compress(b" " * 16_000_000)[:16_000]
    before = target.worker_memory()
    for _ in range(8):
        target.check_refused(target.raw(target.request("POST", PATH, JSON, line, body=bomb)), 415, "encoded-body")
    assert target.worker_memory() - before < ROOM


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(colliding(500), id="names"),
        pytest.param(json.dumps({"amount": "1", "n": [MERSENNE * n for n in range(1, 700)]}).encode(), id="numbers"),
        pytest.param(b'{"amount":' * 1400 + b"1" + b"}" * 1400, id="objects in objects"),
        pytest.param(b"[" + b"{}," * 5000 + b"{}]", id="many objects"),
        pytest.param(b'{"amount":"' + b"\\u0041" * 2600 + b'",', id="escapes, cut short"),
    ],
)
def test_a_body_that_is_made_to_cost_much(target: Target, body: bytes, nothing_reaches_the_upstream: None) -> None:
    assert len(body) <= 16_384
    requests = [target.request("POST", PATH, JSON, body=body) for _ in range(10)]
    before, began = target.worker_memory(), time.monotonic()
    answers = [target.raw(request) for request in requests]
    assert {answer.status for answer in answers} == {400}
    target.refused += [answer.correlation for answer in answers]
    assert target.worker_memory() - before < ROOM
    assert time.monotonic() - began < 10 * 0.5  # a tenth of a second each, on a machine five times too busy


@pytest.mark.parametrize(
    ("line", "path"),
    [(b"x: " + b"a" * 40_000, PATH), (b"cookie: " + b"a=b; " * 8_000, PATH), (b"x: y", PATH + "?q=" + "a" * 40_000)],
    ids=["field", "cookies", "target"],
)
def test_too_large_a_head(target: Target, line: bytes, path: str, nothing_reaches_the_upstream: None) -> None:
    target.check_refused(target.raw(target.request("GET", path, line, proof_path=PATH)), 431, "headers-too-large")


def test_too_many_fields(target: Target, nothing_reaches_the_upstream: None) -> None:
    answer = target.get(PATH, *(b"a%d: b" % number for number in range(5000)))
    target.check_refused(answer, 431, "headers-too-large")


def test_too_large_a_body_is_not_waited_for(target: Target, nothing_reaches_the_upstream: None) -> None:
    """Of a body that says how long it is, no octet is needed to refuse it; of another, no more than the limit."""
    line = b"Content-Length: 1000000000000"
    target.check_refused(target.raw(target.request("POST", PATH, JSON, line)), 413, "body-too-large")
    chunks = b"4000\r\n" + b" " * 0x4000 + b"\r\n4000\r\n" + b" " * 0x4000 + b"\r\n"
    unended = target.request("POST", PATH, JSON, b"Transfer-Encoding: chunked", body=chunks)
    target.check_refused(target.raw(unended), 413, "body-too-large")


def test_slow_heads_and_silent_connections_are_cut(target: Target, nothing_reaches_the_upstream: None) -> None:
    """By the edge, after ten seconds, however steadily a byte comes now and then."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(target.connect()) for _ in range(20)]
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", target.installation.public_port)))
            for _ in range(20)
        ]
        for peer in slow:
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        until = time.monotonic() + SOON
        open_still: set[socket.socket] = {*slow, *silent}
        while open_still:
            assert time.monotonic() < until
            for peer in tuple(open_still):
                if _ended(peer, send=peer in slow):
                    open_still.discard(peer)
            time.sleep(0.2)


def _ended(peer: socket.socket, *, send: bool) -> bool:
    """Send a byte more, where that is the attack, and say whether the connection is at its end."""
    peer.settimeout(0.01)
    try:
        if send:
            peer.sendall(b"a")
        answer = peer.recv(65_536)
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    assert not answer or answer.startswith(b"HTTP/1.1 408 ")
    return True
