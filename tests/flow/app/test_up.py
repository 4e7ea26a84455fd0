"""`ringfence up`: roles that are killed come back, a policy changes under load, a bad one does not."""

import os
import signal
import time
from pathlib import Path

import pytest
from running_installation import Load, Running

from ringfence.app.ready import answers

pytestmark = [pytest.mark.flow, pytest.mark.timeout(150)]


def until(condition, within=30.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def came_back(running: Running, role: str, before: int) -> bool:
    """Whether another process has the role, and listens where it has a socket."""
    sockets = {
        "gateway-0": "gw0",
        "gateway-1": "gw1",
        "gateway-2": "gw2",
        "signer": "key-oauth",
        "oauth": "oauth",
        "admin": "admin",
        "edge": "edge",
    }
    try:
        return running.role_pid(role) != before and answers(
            running.installation.directory / "state/run" / f"{sockets[role]}.sock"
        )
    except AssertionError:
        return False


@pytest.mark.parametrize("role", ["gateway-0", "gateway-1"])
def test_a_killed_worker_costs_at_most_its_calls_in_flight(running: Running, role: str) -> None:
    with Load(running) as load:
        before = running.role_pid(role)
        os.kill(before, signal.SIGKILL)
        until(lambda: came_back(running, role, before))
        load.until_calls(100)
    assert sum(load.failures().values()) <= 3, load.failures()


@pytest.mark.parametrize("role", ["signer", "oauth", "admin"])
def test_killing_what_calls_do_not_need_costs_nothing(running: Running, role: str) -> None:
    with Load(running) as load:
        before = running.role_pid(role)
        os.kill(before, signal.SIGKILL)
        until(lambda: came_back(running, role, before))
        load.until_calls(50)
    assert load.failures() == {}
    until(
        lambda: (
            running.installation.http()
            .get(f"{running.installation.issuer}/.well-known/openid-configuration")
            .status_code
            == 200
        )
    )
    until((running.installation.directory / "state/run/admin.sock").exists)


def test_a_killed_edge_comes_back(running: Running) -> None:
    with Load(running) as load:
        before = running.role_pid("edge")
        os.kill(before, signal.SIGKILL)
        until(lambda: came_back(running, "edge", before))
        load.until_calls(50)


def test_every_end_of_a_role_is_on_record(running: Running) -> None:
    before = running.role_pid("gateway-1")
    os.kill(before, signal.SIGKILL)
    until(lambda: came_back(running, "gateway-1", before))
    until(lambda: any(event["role"] == "gateway-1" for event in running.events("role.exited.v1")))


def test_a_changed_policy_takes_effect_without_losing_a_call(running: Running) -> None:
    with Load(running) as load:
        running.edit_policy("See your accounts", "Look at your accounts")
        until(lambda: '"accepted":true' in running.log() and running.log().count('"event":"policy"') >= 3)
        running.edit_policy("workers: 2", "workers: 3")
        until(lambda: came_back(running, "gateway-2", 0))
        load.until_calls(100)
        running.edit_policy("workers: 3", "workers: 2")
        until(lambda: not came_back(running, "gateway-2", 0))
        load.until_calls(100)
    assert load.failures() == {}


def test_a_bad_policy_is_refused_and_the_old_one_stays(running: Running) -> None:
    good = running.installation.policy.read_text()
    with Load(running) as load:
        running.edit_policy("workers: 2", "workers: many")
        os.kill(running.supervisor_pid(), signal.SIGHUP)
        until(lambda: "policy refused" in running.log())
        assert "ringfence.yaml:" in running.log()
        before = running.role_pid("gateway-0")
        os.kill(before, signal.SIGKILL)  # a worker that restarts now must come up by the old policy
        until(lambda: came_back(running, "gateway-0", before))
        load.until_calls(100)
        running.installation.policy.write_text(good)
        load.until_calls(20)
    assert sum(load.failures().values()) <= 3, load.failures()
    until(lambda: any(not event["accepted"] for event in running.events("policy.loaded.v1")))


def test_sigterm_answers_the_calls_in_flight_and_leaves_nothing_running(running: Running) -> None:
    supervisor = running.supervisor_pid()
    with Load(running) as load:
        os.kill(supervisor, signal.SIGTERM)
        until(lambda: ended(supervisor), 40)
    assert set(load.failures()) <= {"ConnectError"}, load.failures()
    for role in ("gateway-0", "gateway-1", "oauth", "admin", "edge"):
        with pytest.raises(AssertionError):
            running.role_pid(role)
