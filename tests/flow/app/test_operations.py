"""docs/operations.md: every command on it, against a running installation."""

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_installation import Running, begin

from ringfence.demo.processes import Processes

pytestmark = pytest.mark.flow

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ ringfence (.*)$", PAGE, re.MULTILINE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, int]]:
    directory, port = tmp_path_factory.mktemp("o"), free_port()
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, f"\nmetrics: {{port: {port}}}\n"), port


def ringfence(running: Running, command: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ringfence", *shlex.split(command)],
        cwd=running.installation.policy.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_every_command_of_the_page(measured: tuple[Running, int]) -> None:
    running, port = measured
    assert running.installation.policy.name == "ringfence.yaml"
    for _ in range(5):
        assert running.partner.call("GET", running.installation.accounts_url, running.tokens).status_code == 200
    told = running.partner.call("GET", running.installation.accounts_url, running.tokens).headers
    named = re.fullmatch(r'"([\w-]+)";q=100001;w=\d+', told["ratelimit-policy"])
    assert named
    assert re.fullmatch(rf'"{named[1]}";r=\d+;t=\d+', told["ratelimit"])
    (limit,) = json.loads(ringfence(running, f"limits show {running.partner.registration.client_id} --json"))
    assert (limit["limit"], limit["kind"], limit["holds"]) == (named[1], "rate", 100_001)
    assert limit["left"] > 99_000
    text = running.installation.policy.read_text()
    changed = re.sub(r"rate_per_second: 100000, burst: 100000(, reserve: 4)?", "rate_per_second: 0.001, burst: 1", text)
    assert changed != text
    running.installation.policy.with_name("next.yaml").write_text(changed + "gateway: {max_json_depth: 64}\n"
        if "\ngateway:" not in changed else changed.replace("\ngateway:\n", "\ngateway:\n  max_json_depth: 64\n"))  # fmt: skip
    until, counted = time.monotonic() + 20, ""
    while 'outcome="allowed"' not in counted or "ringfence_upstream_limit{" not in counted:
        assert time.monotonic() < until
        time.sleep(0.1)
        counted = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    seen = set()
    for command in COMMANDS:
        seen.add(command.split()[0])
        output = ringfence(running, command, code=3 if command.startswith("diff") else 0)
        if command.startswith("diff"):
            assert "looser    gateway.max_json_depth  64 now" in output
            assert re.search(r"^stricter  .*limits: .*burst: 1 now, was 100000$", output, re.MULTILINE)
        elif command.startswith("replay"):
            assert re.search(
                r"^client \S+: \d+ calls to \S+ would be refused \(rate-limited\); one is \S+$", output, re.MULTILINE
            )
        elif command.startswith("canary start"):
            assert "governs 5 % of the clients" in output
        elif command.startswith("canary compare"):
            assert "calls were decided by the canary" in output
        elif "--summary" in command:
            assert re.search(r"^gateway-0 answers +yes *$", output, re.MULTILINE)
            assert re.search(r"^edge answers +yes *$", output, re.MULTILINE)
        else:
            assert re.search(r'^ringfence_role_up\{role="gateway-1"\} 1\.0$', output, re.MULTILINE)
            assert re.search(r"^ringfence_watch_lag_events \d", output, re.MULTILINE)
            assert re.search(
                r'^ringfence_upstream_limit\{upstream="\S+",worker="gateway-\d"\} 32.0$', output, re.MULTILINE
            )
    assert seen == {"diff", "replay", "canary", "metrics"}
    ringfence(running, "canary abort")
    same = json.loads(ringfence(running, "replay --policy ringfence.yaml --json"))
    assert same["changes"] == []
    assert same["calls"] >= 5


def test_every_metric_of_the_page_is_there(measured: tuple[Running, int]) -> None:
    running, port = measured
    with httpx.Client() as http:
        text = http.get(f"http://127.0.0.1:{port}/metrics").text
    told = set(re.findall(r"`(ringfence_[a-z_]+)", PAGE))
    there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert there - {"python"} <= told, "each is on the page"
    assert told <= there | {f"{name}_total" for name in there}
    assert running
