"""An attack on the running edge, from addresses of its own: seen, answered at login and gateway, and taken back."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from running_installation import Running, begin

from ringfence.demo.play import WATCHING
from ringfence.demo.processes import Processes

pytestmark = pytest.mark.flow


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("w")
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, WATCHING, by_risk=True)  # as `ringfence demo` begins


def test_stolen_passwords_are_answered_at_the_login_and_at_the_gateway(watched: Running) -> None:
    command = [sys.executable, "-m", "ringfence", "simulate", "--attack", "stuffing", "--json"]
    done = subprocess.run(
        [*command, "--against", watched.installation.policy], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    moments = json.loads(done.stdout)
    assert len(moments) == 6
    assert all(moment["came"] for moment in moments)
    responses = watched.management._call("GET", "/responses")["items"]
    kinds = {(one["kind"], one["of"]): one["state"] for one in responses}
    assert kinds == {
        ("step-up", "network"): "undone",
        ("block", "network"): "undone",
        ("step-up", "user"): "undone",
        ("end-logins", "user"): "done",
        ("open-case", "user"): "undone",
    }
    alerts = [alert["rule"] for alert in watched.management._call("GET", "/alerts")["items"]]
    assert alerts.count("credential-stuffing-succeeded") == 1
    answer = watched.partner.call("GET", watched.installation.accounts_url, watched.tokens)
    assert answer.status_code == 200, "nobody else noticed"
