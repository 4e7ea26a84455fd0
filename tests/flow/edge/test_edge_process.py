"""Workers that die, configurations that change, and the way down, with the real Envoy."""

import concurrent.futures
import shutil
import socket
import ssl
import subprocess
import time

import msgspec
import pytest

from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.edge.process import apply, drain, wait_ready, write_config
from ringfence.edge.render import EdgeFiles, render
from ringfence.policy.model import ClientCertificates
from ringfence.problem import Reason, Refused

pytestmark = pytest.mark.flow

replace = msgspec.structs.replace


def test_a_killed_worker_costs_no_caller_an_error(start_edge):
    edge = start_edge()
    for _ in range(6):
        assert edge.get("/x").status == 200
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(edge.get, "/x") for _ in range(20)]
        edge.workers[0].kill()
        answers += [pool.submit(edge.get, "/x") for _ in range(40)]
        assert {answer.result().status for answer in answers[-40:]} == {200}
    assert {edge.get("/x").json()["worker"] for _ in range(8)} == {"gw1"}

    edge.workers[1].kill()
    gone = edge.get("/x")
    assert gone.status == 503
    assert gone.json()["type"] == "urn:ringfence:problem:unavailable"
    assert gone.header("content-type") == "application/problem+json"
    assert b"sock" not in gone.body

    # Both come back: at once for the first call (nothing else is left to try), then both get work.
    edge.workers[0], edge.workers[1] = edge.worker(0), edge.worker(1)
    assert edge.get("/x").status == 200
    deadline = time.monotonic() + 8
    while {edge.get("/x").json()["worker"] for _ in range(6)} != {"gw0", "gw1"}:
        assert time.monotonic() < deadline


@pytest.mark.skipif(shutil.which("h2load") is None, reason="h2load is not installed")
def test_under_load_the_living_worker_takes_every_call_of_the_dead_one(start_edge):
    """The dead one has no calls under way, so that to a draw of the least busy it looks like the better choice."""
    edge = start_edge()
    edge.workers[0].kill()
    url = f"https://localhost:{edge.public}/x"
    command = ["h2load", "--h1", "-n", "5000", "-c", "16", url]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "status codes: 5000 2xx" in told


def test_a_worker_that_dies_within_a_call_is_not_asked_twice(start_edge):
    edge = start_edge(workers=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(edge.get, "/slow", "Content-Length: 0", method="POST")
        while not edge.workers[0].calls:
            time.sleep(0.01)
        edge.workers[0].kill()
        assert answer.result().status == 503
    assert edge.workers[0].calls == 1


def test_a_worker_that_says_503_is_believed_and_not_passed_over(start_edge):
    edge = start_edge()
    for _ in range(12):
        assert edge.get("/busy").json()["path"] == "/busy"
    calls = [worker.calls for worker in edge.workers[:2]]
    assert sum(calls) == 12
    assert {edge.get("/x").json()["worker"] for _ in range(8)} == {"gw0", "gw1"}


async def test_a_new_configuration_is_live_without_losing_a_call(start_edge, in_thread):
    edge = await in_thread(start_edge)
    slow = in_thread(edge.get, "/slow")
    await in_thread(time.sleep, 0.2)
    edge.policy = replace(edge.policy, gateway=replace(edge.policy.gateway, max_header_bytes=4096, workers=1))
    assert await apply(render(edge.policy, edge.places, ("/token", "/x")), edge.places) is False
    assert (await slow).status == 200
    assert (await in_thread(edge.get, "/x")).json()["worker"] == "oauth"
    assert {(await in_thread(edge.get, "/y")).json()["worker"] for _ in range(4)} == {"gw0"}
    assert (await in_thread(edge.get, "/x", "a: " + "b" * 6000)).status == 431
    assert edge.process.poll() is None


async def test_a_configuration_that_envoy_refuses_is_kept_out(start_edge, in_thread):
    edge = await in_thread(start_edge)
    files = EdgeFiles(edge.places.edge)
    before = {path: path.read_bytes() for path in files.directory.iterdir()}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listeners = edge.policy.listeners
        mtls = replace(listeners.mtls, port=taken.getsockname()[1])
        refused = replace(
            edge.policy,
            gateway=replace(edge.policy.gateway, max_header_bytes=1024),
            listeners=replace(listeners, mtls=mtls),
        )
        with pytest.raises(Refused) as caught:
            await apply(render(refused, edge.places, ()), edge.places)
    assert caught.value.reason is Reason.POLICY_INVALID
    assert "in use" in caught.value.private
    assert {path: path.read_bytes() for path in files.directory.iterdir()} == before
    await wait_ready(edge.config, edge.places)
    for port in (edge.public, edge.mtls):
        assert (await in_thread(edge.get, "/token", "a: " + "b" * 3000, port=port)).json()["worker"] == "oauth"


async def test_a_configuration_that_is_nonsense_is_kept_out(start_edge, in_thread):
    edge = await in_thread(start_edge)
    broken = replace(edge.config, listeners=b'{"resources": [{"@type": "nonsense"}]}')
    with pytest.raises(Refused) as caught:
        await apply(broken, edge.places)
    assert caught.value.reason is Reason.POLICY_INVALID
    assert await apply(edge.config, edge.places) is False
    assert (await in_thread(edge.get, "/x")).status == 200


async def test_a_changed_connection_limit_asks_for_a_restart(start_edge, in_thread):
    edge = await in_thread(start_edge)
    listeners = edge.policy.listeners
    edge.policy = replace(
        edge.policy, listeners=replace(listeners, public=replace(listeners.public, max_connections=7))
    )
    assert await apply(edge.config, edge.places) is True


async def test_certificates_written_over_in_place_are_taken_in_by_a_reload(
    start_edge, in_thread, certificates, tmp_path
):
    for name in ("server.pem", "server.key"):
        shutil.copy(certificates / name, tmp_path / name)
    edge = await in_thread(lambda: start_edge(started=False))
    listeners = edge.policy.listeners
    tls = replace(listeners.public.tls, certificate=str(tmp_path / "server.pem"), key=str(tmp_path / "server.key"))
    edge.policy = replace(edge.policy, listeners=replace(listeners, public=replace(listeners.public, tls=tls)))
    await in_thread(edge.start)
    before = await in_thread(served_certificate, edge)
    for _ in range(2):  # twice: the names are spelled one way, then the other, then the first again
        create_development_certificates(tmp_path / "new", ["localhost"], system_clock())
        (tmp_path / "server.pem").write_bytes((tmp_path / "new" / "server.pem").read_bytes())

        with pytest.raises(Refused, match="policy-invalid") as caught:
            await apply(edge.config, edge.places)  # the key is still the old one
        assert "does not belong" in caught.value.args[0] + repr(caught.value)
        assert await in_thread(served_certificate, edge) == before

        (tmp_path / "server.key").write_bytes((tmp_path / "new" / "server.key").read_bytes())
        assert await apply(edge.config, edge.places) is False
        after = await in_thread(served_certificate, edge)
        assert after != before
        before = after


def served_certificate(edge) -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with edge.connect(context=context) as connection:
        return connection.getpeercert(binary_form=True)


async def test_authorities_change_with_the_policy(start_edge, in_thread, certificates):
    edge = await in_thread(lambda: start_edge(self_signed=False))
    with pytest.raises(OSError):
        await in_thread(edge.get, "/x", port=edge.mtls, client="stranger")
    listeners = edge.policy.listeners
    accepted = ClientCertificates(authorities=(str(certificates / "ca.pem"), str(certificates / "strangers.pem")))
    mtls = replace(listeners.mtls, client_certificates=accepted)
    edge.policy = replace(edge.policy, listeners=replace(listeners, mtls=mtls))
    await apply(edge.config, edge.places)
    deadline = time.monotonic() + 5
    while True:
        try:
            answer = await in_thread(edge.get, "/x", port=edge.mtls, client="stranger")
            break
        except OSError:
            assert time.monotonic() < deadline
    assert answer.seen["x-ringfence-verified-issuer"]
    assert (await in_thread(edge.get, "/x", port=edge.mtls, client="partner")).status == 200


async def test_a_second_edge_on_the_same_port_is_told(start_edge, in_thread):
    first = await in_thread(start_edge)
    second = await in_thread(lambda: start_edge(started=False))
    listeners = second.policy.listeners
    public = replace(listeners.public, port=first.public)
    second.policy = replace(second.policy, listeners=replace(listeners, public=public))
    write_config(second.config, second.places)
    second.launch()
    with pytest.raises(Refused) as caught:
        await wait_ready(second.config, second.places)
    assert caught.value.reason is Reason.POLICY_INVALID
    assert (await in_thread(first.get, "/x")).status == 200


async def test_connections_beyond_the_limit_are_closed(start_edge, in_thread):
    edge = await in_thread(lambda: start_edge(started=False))
    listeners = edge.policy.listeners
    edge.policy = replace(
        edge.policy, listeners=replace(listeners, public=replace(listeners.public, max_connections=3))
    )
    await in_thread(edge.start)
    held = [await in_thread(edge.connect) for _ in range(3)]
    with pytest.raises(OSError):
        await in_thread(edge.connect)
    held.pop().close()
    await in_thread(time.sleep, 0.1)
    held.append(await in_thread(edge.connect))
    for connection in held:
        connection.close()


async def test_draining_lets_calls_end_and_takes_no_more(start_edge, in_thread):
    edge = await in_thread(start_edge)
    slow = in_thread(edge.get, "/slow")
    await in_thread(time.sleep, 0.2)
    assert await drain(edge.places, 5.0) == 0
    answer = await slow
    assert answer.status == 200
    assert answer.header("connection") == "close"
    with pytest.raises(OSError):
        await in_thread(edge.connect)
    edge.process.terminate()
    assert await in_thread(edge.process.wait, 5) == 0
    assert await drain(edge.places, 1.0) == 0


async def test_draining_says_how_many_calls_it_had_to_leave(start_edge, in_thread):
    edge = await in_thread(start_edge)
    slow = in_thread(edge.get, "/slow")
    await in_thread(time.sleep, 0.2)
    assert await drain(edge.places, 0.1) == 1
    await slow
