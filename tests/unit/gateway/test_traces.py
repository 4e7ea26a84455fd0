"""The trace of a call, from the caller's header over the event to what the API is told and a collector gets."""

import json
from pathlib import Path

import msgspec
import pytest
from calls import request
from world import World

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.export.redaction import Redaction
from ringfence.export.spans import SpanRendering
from ringfence.gateway.pipeline import ruleset
from ringfence.ids import system_random
from ringfence.message import Request
from ringfence.policy.load import load
from ringfence.problem import Reason, Refused
from ringfence.telemetry import begin_trace
from tests.unit.app.conftest import OPENAPI, POLICY
from tests.whole_events import stored

TRACE, CALLERS = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ALL = SpanRendering(1.0, Redaction(frozenset(), "hash", b""))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def recording(world: World, share: float) -> None:
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, trace_share=share))


def traced(req: Request, traceparent: str | None) -> Request:
    return msgspec.structs.replace(req, trace=begin_trace(traceparent, system_random))


def spans(world: World) -> list[dict]:
    return [span for line in ALL.lines([stored(world.recorder.events[-1])]) for span in json.loads(f"[{line.text}]")]


def onward(world: World) -> str:
    return dict(world.upstream.sent[-1][2])["traceparent"]


async def test_the_api_s_parent_is_the_inner_span_and_the_outer_one_s_is_the_caller(world: World) -> None:
    world.upstream.seconds = 0.02
    await world.call(traced(world.request(), f"00-{TRACE}-{CALLERS}-01"))
    server, client = spans(world)
    assert onward(world) == f"00-{TRACE}-{client['spanId']}-01"
    assert (server["parentSpanId"], client["parentSpanId"]) == (CALLERS, server["spanId"])
    times = [int(span[f"{end}TimeUnixNano"]) for span, end in
             ((server, "start"), (client, "start"), (client, "end"), (server, "end"))]  # fmt: skip
    assert times == sorted(times)
    assert times[2] - times[1] >= 20_000_000
    assert times[1] > times[0]


async def test_a_refused_call_has_the_span_alone(world: World) -> None:
    await world.refused(traced(request(), f"00-{TRACE}-{CALLERS}-01"))
    (server,) = spans(world)
    assert (server["traceId"], server["parentSpanId"]) == (TRACE, CALLERS)


async def test_of_a_trace_that_begins_here_the_share_decides_and_the_api_is_told(world: World) -> None:
    for share, flags, count in ((0.0, "00", 0), (1.0, "01", 2)):
        recording(world, share)
        await world.call(traced(world.request(), None))
        assert onward(world).endswith(f"-{flags}")
        assert len(spans(world)) == count
    world.gateway.turned_away(traced(request(), None), Refused(Reason.MALFORMED_REQUEST))
    assert len(spans(world)) == 1


async def test_what_the_caller_decided_of_its_trace_stays(world: World) -> None:
    recording(world, 1.0)
    await world.call(traced(world.request(), f"00-{TRACE}-{CALLERS}-00"))
    assert onward(world).endswith("-00")
    assert spans(world) == []


@pytest.mark.parametrize(
    "hostile",
    [f"00-{'0' * 32}-{CALLERS}-01", f"ff-{TRACE}-{CALLERS}-01", f"00-{TRACE}-{CALLERS}-01,00-{TRACE}-{CALLERS}-01",
     f"00-{TRACE}-{CALLERS}-01\r\nx: y", f"00-{TRACE}-{CALLERS}-zz", "\u0661" * 55, "x" * 9000],
)  # fmt: skip
async def test_a_header_that_is_none_begins_a_trace_of_ours(world: World, hostile: str) -> None:
    recording(world, 1.0)
    await world.call(traced(world.request(), hostile))
    server, client = spans(world)
    assert "parentSpanId" not in server
    assert TRACE not in json.dumps([server, client]) + onward(world)


def test_the_largest_share_of_the_policy_decides(tmp_path: Path) -> None:
    create_development_certificates(tmp_path / "certs", ["localhost"], Instant(1_790_000_000.0))
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    sinks = "a: {url: 'https://h/', share: 0.1}, b: {url: 'https://i/', share: 0.4}"
    for more, share in (("", 0.0), (f"export: {{traces: {{{sinks}}}}}\n", 0.4)):
        (tmp_path / "ringfence.yaml").write_text(POLICY + more)
        loaded = load(tmp_path / "ringfence.yaml")
        assert ruleset(loaded.policy, loaded.table).trace_share == share
