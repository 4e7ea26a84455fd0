"""One proof, one call, whatever happens meanwhile; and every call on record, whoever dies."""

import base64
import itertools
import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow

PATH = f"{BASE}/things"
PARALLEL = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def other_signature(jws: str) -> str:
    """The second signature that ECDSA allows for the same text: (r, n − s)."""
    head, payload, signature = jws.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    return ".".join((head, payload, base64.urlsafe_b64encode(raw[:32] + s.to_bytes(32, "big")).decode().rstrip("=")))


def call(target: Target, token: str, proof: str) -> bytes:
    return (
        f"GET {PATH} HTTP/1.1\r\nHost: {target.host}\r\nAuthorization: DPoP {token}\r\nDPoP: {proof}\r\n\r\n".encode()
    )


def wait_for_workers(target: Target) -> None:
    until = time.monotonic() + 15
    for number in (0, 1):
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.connect(str(target.installation.directory / f"state/run/gw{number}.sock"))
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.05)


@pytest.mark.parametrize("way", ["edge", "workers"])
def test_one_proof_in_many_parallel_calls(target: Target, way: str) -> None:
    message = target.request("GET", PATH)
    if way == "workers":
        host = f"Host: {target.host}\r\n".encode()
        message = message.replace(host, host + b"x-ringfence-peer: 127.0.0.1\r\nx-ringfence-listener: public\r\n")
    start, number, before = threading.Barrier(PARALLEL), itertools.count(), target.calls()

    def one(_: int) -> int:
        start.wait()
        return (target.raw(message) if way == "edge" else target.worker(message, next(number) % 2)).status

    with ThreadPoolExecutor(PARALLEL) as pool:
        assert Counter(pool.map(one, range(PARALLEL))) == {200: 1, 401: PARALLEL - 1}
    assert target.calls() - before == 1


def test_another_valid_signature_makes_no_other_proof(target: Target) -> None:
    token = target.tokens.access_token
    url = f"https://{target.host}{PATH}"
    proof = target.partner.proof("GET", url, token)
    assert target.raw(call(target, token, proof)).status == 200
    target.check_refused(target.raw(call(target, token, other_signature(proof))), 401, "proof-replayed")
    fresh = target.partner.proof("GET", url, token)
    target.check_refused(target.raw(call(target, other_signature(token), fresh)), 401, "proof-token-hash")
    theirs = target.other.proof("GET", url, token)
    target.check_refused(target.raw(call(target, token, theirs)), 401, "proof-key")


def test_one_clients_burst_is_not_anothers(target: Target) -> None:
    answers = [target.get(f"{BASE}/narrow") for _ in range(6)]
    assert [answer.status for answer in answers][:4] == [200] * 4
    target.check_refused(answers[-1], 429, "rate-limited")
    token, url = target.other_tokens.access_token, f"https://{target.host}{BASE}/narrow"
    message = call(target, token, target.other.proof("GET", url, token)).replace(
        PATH.encode(), b"%b" % BASE.encode() + b"/narrow"
    )
    assert target.raw(message).status == 200


def test_who_hangs_up_does_not_leave_without_a_trace(target: Target) -> None:
    path = target.upstream.answer("late", lambda _: time.sleep(0.6))
    before = target.calls()
    with target.connect() as peer:
        peer.sendall(target.request("GET", path))
        while target.calls() == before:
            time.sleep(0.01)
    found = target.events_where(lambda event: event["operation"] == "raw")
    assert (found["status"], found["reason"], found["allowed"]) == (499, "caller-gone", False)
    assert found["upstream_micros"] > 0
    assert found["client"] == target.partner.registration.client_id


def test_killed_workers_lose_no_answered_call_and_forget_no_proof(target: Target) -> None:
    used = target.request("GET", PATH)
    assert target.raw(used).status == 200
    answered: list[str] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                answer = target.get(PATH)
            except OSError:
                continue
            if answer.status:
                answered.append(answer.header("x-correlation-id") or "")

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in (0, 1):
        time.sleep(0.4)
        os.kill(target.worker_pid(number), signal.SIGKILL)
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    wait_for_workers(target)
    target.check_refused(target.raw(used), 401, "proof-replayed")
    assert "" not in answered
    assert len(answered) > 20
    target.refused += answered
    target.check_records(within=12)
