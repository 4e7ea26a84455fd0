"""Events reach the SIEM whole and in order: it is away and comes back, and the role is killed in between."""

import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_installation import Running, begin

from ringfence.demo.processes import Processes
from ringfence.export.spans import CLIENT, SERVER
from tests.listening import HttpListener, SyslogListener, free_port, until
from tests.scanning import cards, ibans

pytestmark = pytest.mark.flow

HTTP, SYSLOG, HOOK, TRACES = free_port(), free_port(), free_port(), free_port()
POLICY = f"""
watch: {{modes: {{path-probing: alert}}}}
export:
  http: {{lake: {{url: "http://127.0.0.1:{HTTP}/", token_file: token, batch: 20}}}}
  syslog: {{soc: {{host: 127.0.0.1, port: {SYSLOG}, tls: "off"}}}}
  file: {{shipper: {{path: events.jsonl, format: ecs}}}}
  traces: {{tempo: {{url: "http://127.0.0.1:{TRACES}/v1/traces"}}}}
notify: {{webhook: {{phone: {{url: "http://127.0.0.1:{HOOK}/", secret_file: token, levels: [low, medium, high, critical], inside: [127.0.0.0/8]}}}}}}
"""


@pytest.fixture
def exporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("x")
    (directory / "token").write_text("a-token-of-24-characters")
    (directory / "token").chmod(0o600)
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, POLICY)


def calls(running: Running, count: int) -> None:
    for _ in range(count):
        assert running.partner.call("GET", running.installation.accounts_url, running.tokens).status_code == 200


def states(running: Running) -> dict[str, dict]:
    return {s["sink"]: s for s in running.management._call("GET", "/exports")["items"]}


def positions(lines: list[str]) -> list[int]:
    found = [json.loads(line) for line in lines]
    return [e["metadata"]["sequence"] if "metadata" in e else e["event"]["sequence"] for e in found]


def spans_in(posted: bytes) -> list[dict]:
    return json.loads(posted)["resourceSpans"][0]["scopeSpans"][0]["spans"]


def require_whole_traces(spans: list[dict], calls: int) -> None:
    """Each call that went on, made while the collector was away, has its two spans, and nothing that must not leave."""
    outer = {span["spanId"]: span for span in spans if span["kind"] == SERVER}
    inner = [span for span in spans if span["kind"] == CLIENT]
    assert len({span["spanId"] for span in inner}) == calls
    assert all(outer[span["parentSpanId"]]["traceId"] == span["traceId"] for span in inner)
    told = "\n".join(strings([span["attributes"] for span in spans]))
    assert (cards(told), ibans(told)) == ([], [])


def strings(value: object) -> list[str]:
    """Every text of a document; its numbers are times, sizes and positions."""
    if isinstance(value, dict):
        return [text for member in value.values() for text in strings(member)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def seams(got: list[int]) -> int:
    """How often the positions go back; between two seams each is the one after its predecessor."""
    steps = [(a, b) for a, b in itertools.pairwise(got) if b != a + 1]
    assert all(b <= a for a, b in steps), steps  # back, never over one
    return len(steps)


def test_nothing_is_lost_while_sinks_are_away_and_the_role_is_killed(exporting: Running, tmp_path: Path) -> None:
    calls(exporting, 5)
    until(lambda: all(states(exporting)[sink]["failure"] for sink in ("lake", "soc")))
    assert states(exporting)["lake"]["lag"] > 0
    until(lambda: states(exporting)["shipper"]["lag"] == 0)  # nobody waits for those that are away

    with HttpListener(HTTP) as http, SyslogListener(SYSLOG) as syslog:
        until(lambda: http.posts and syslog.messages, 40)
        calls(exporting, 30)
        os.kill(exporting.role_pid("export"), signal.SIGKILL)
        calls(exporting, 30)
        syslog.reset()
        until(lambda: states(exporting)["lake"]["lag"] == 0, 40)
        first_http, first_syslog = http.lines(), syslog
    calls(exporting, 10)
    os.kill(exporting.role_pid("export"), signal.SIGKILL)
    calls(exporting, 10)
    time.sleep(1.0)
    with (
        HttpListener(HTTP) as http,
        SyslogListener(SYSLOG) as syslog,
        HttpListener(HOOK) as hook,
        HttpListener(TRACES) as traces,
    ):
        with exporting.installation.http() as anonymous:
            for n in range(12):
                path = f"secret/{n}/4111111111111111/GB82WEST12345698765432"
                assert anonymous.get(f"{exporting.installation.issuer}/{path}").status_code == 404
        until(lambda: hook.posts, 60)
        until(lambda: all(s["lag"] == 0 for s in states(exporting).values()), 60)
        last = states(exporting)["lake"]["position"]
        until(lambda: positions(http.lines())[-1] >= last)
        until(lambda: positions(syslog.texts())[-1] >= last)
        to_http = positions(first_http + http.lines())
        to_syslog = positions(first_syslog.texts() + syslog.texts())
        to_file = positions((exporting.installation.directory / "events.jsonl").read_text().splitlines())
        spans = [span for _, posted in traces.posts for span in spans_in(posted)]
        ((headers, body),) = hook.posts[:1]
        left = [*first_http, *http.lines(), *first_syslog.texts(), *syslog.texts()]
        left += (exporting.installation.directory / "events.jsonl").read_text().splitlines()
        stayed = [event["path"] for event in exporting.events("call.decided.v1")]
    assert (cards("\n".join(stayed)), ibans("\n".join(stayed))) == ([], [])
    assert sum("/[card]/[iban]" in path for path in stayed) == 12
    assert sum("/[card]/[iban]" in line for line in left) >= 36
    texts = "\n".join(text for line in left for text in strings(json.loads(line)))
    assert (cards(texts), ibans(texts)) == ([], [])
    for got, most in ((to_http, 4), (to_syslog, 8), (to_file, 4)):
        assert got[0] == 1
        assert set(range(1, last + 1)) <= set(got)
        assert seams(got) <= most
    require_whole_traces(spans, 85)
    assert http.posts[0][0]["authorization"] == "Bearer a-token-of-24-characters"
    assert headers["webhook-signature"].startswith("v1,")
    assert json.loads(body)["class_uid"] == 2004
    status = states(exporting)
    assert [status[s]["failure"] for s in ("lake", "soc", "shipper", "phone", "tempo")] == [""] * 5
