import os
from pathlib import Path

import msgspec
import pytest

from ringfence.edge.process import drain, envoy_binary, envoy_command, threads_for, wait_ready, write_config
from ringfence.edge.render import EdgeFiles, render
from ringfence.policy.places import places
from ringfence.problem import Reason, Refused


@pytest.fixture
def here(policy, certificates):
    return places(policy, certificates.parent)


def test_the_binary_is_found_without_importing_its_package():
    assert os.access(envoy_binary(), os.X_OK)


def test_several_instances_can_live_on_one_machine(where):
    command = envoy_command(where, 2, drain_seconds=7.4)
    assert "--disable-hot-restart" in command
    assert command[command.index("--concurrency") + 1] == "2"
    assert command[command.index("--drain-time-s") + 1] == "7"
    assert command[command.index("--config-path") + 1] == "/srv/bank/state/edge/bootstrap.json"


@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32)])
def test_threads_follow_the_workers(workers, threads):
    assert threads_for(workers) == threads


def test_only_what_differs_is_written(policy, here):
    files = EdgeFiles(here.edge)
    first = write_config(render(policy, here, ("/token",)), here)
    assert first >= {files.bootstrap, files.listeners, files.clusters, files.secret("public-certificate")}
    assert write_config(render(policy, here, ("/token",)), here) == frozenset()
    assert write_config(render(policy, here, ("/other",)), here) == {files.listeners}
    assert here.sockets.stat().st_mode & 0o777 == 0o700


def test_a_certificate_that_cannot_be_read_is_told_before_anything_is_replaced(policy, certificates):
    missing = msgspec.structs.replace(policy.listeners.public.tls, key="certs/absent.key")
    public = msgspec.structs.replace(policy.listeners.public, tls=missing)
    broken = msgspec.structs.replace(policy, listeners=msgspec.structs.replace(policy.listeners, public=public))
    there = places(broken, certificates.parent)
    with pytest.raises(Refused) as caught:
        write_config(render(broken, there, ("/elsewhere",)), there)
    assert caught.value.reason is Reason.POLICY_INVALID
    assert (
        not EdgeFiles(there.edge).listeners.exists()
        or b"/elsewhere" not in EdgeFiles(there.edge).listeners.read_bytes()
    )


async def test_an_edge_that_is_not_there_is_not_waited_for_forever(policy, tmp_path):
    nowhere = places(policy, Path(tmp_path))
    with pytest.raises(Refused) as caught:
        await wait_ready(render(policy, nowhere, ()), nowhere, seconds=0.1)
    assert caught.value.reason is Reason.UNAVAILABLE
    assert await drain(nowhere, 1.0) == 0
