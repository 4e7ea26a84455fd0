"""The role alone, killed at any moment again and again, over all three kinds of sinks: nothing is lost or out of order."""

import asyncio
import itertools
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates, issue_client_certificate
from ringfence.events import LoginDecided
from ringfence.store.embedded.sqlite_events import SqliteEvents
from tests.listening import HttpListener, SyslogListener, server_tls, until
from tests.unit.app.conftest import OPENAPI, POLICY
from tests.whole_events import full, stored

pytestmark = pytest.mark.flow

EVENTS = 6000
SEED = 20_261_125


def fill(directory: Path) -> None:
    async def append() -> None:
        stream = SqliteEvents(directory / "state" / "events.db")
        for _ in range(EVENTS // 500):
            await stream.append([stored(full(LoginDecided)).data] * 500)
        await stream.close()

    (directory / "state").mkdir()
    asyncio.run(append())


def positions(lines: list[str]) -> list[int]:
    return [json.loads(line)["event"]["sequence"] for line in lines]


def test_killed_at_any_moment_the_role_loses_nothing(tmp_path: Path) -> None:
    create_development_certificates(tmp_path / "certs", ["localhost"], system_clock())
    issue_client_certificate(tmp_path / "certs", "us", system_clock())
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    fill(tmp_path)
    tls = server_tls(tmp_path / "certs", clients=True)
    with HttpListener(tls=tls) as http, SyslogListener(tls=tls) as syslog:
        mutual = "authority: certs/ca.pem, certificate: certs/us.pem, key: certs/us.key, format: ecs"
        (tmp_path / "ringfence.yaml").write_text(f"""{POLICY}
export:
  http: {{lake: {{url: "https://localhost:{http.port}/", batch: 10, {mutual}}}}}
  syslog: {{soc: {{host: localhost, port: {syslog.port}, {mutual}}}}}
  file: {{shipper: {{path: events.jsonl, format: ecs}}}}
""")
        command = [sys.executable, "-m", "ringfence.app.role", "export", str(tmp_path / "ringfence.yaml")]
        moments = random.Random(SEED)
        kills = 0
        while kills < 8:
            process = subprocess.Popen(command)
            before = http.tried
            until(lambda seen=before: http.tried > seen, 60)
            time.sleep(moments.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        process = subprocess.Popen(command)
        cursors = [tmp_path / "state" / "export" / f"{name}.json" for name in ("lake", "soc", "shipper")]
        until(lambda: all(json.loads(c.read_text())["position"] == EVENTS for c in cursors), 120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for got in (
            positions(http.lines()),
            positions(syslog.texts()),
            positions((tmp_path / "events.jsonl").read_text().splitlines()),
        ):
            back = [(a, b) for a, b in itertools.pairwise(got) if b != a + 1]
            assert got[0] == 1
            assert set(got) == set(range(1, EVENTS + 1))
            assert all(b <= a for a, b in back)
            assert len(back) <= kills
