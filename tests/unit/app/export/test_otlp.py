import json

import pytest
import structlog

from ringfence.app.export.otlp import Otlp
from ringfence.app.export.posting import Poster
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.clock import Instant
from ringfence.export.line import Line
from ringfence.export.record import Origin
from tests.listening import HttpListener


def lines(*texts: str) -> list[Line]:
    return [Line(n, f"{n}-a", "login.decided", Instant(1.0), 1, text) for n, text in enumerate(texts, 1)]


def sink(listener: HttpListener, token=lambda: "t0ken") -> Otlp:
    poster = Poster(f"http://127.0.0.1:{listener.port}/v1/logs", lambda: client_tls(None, None, None))
    return Otlp(poster, token, 500, Origin("bank.example", "1"))


def records(body: bytes) -> list[dict]:
    return json.loads(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]


async def test_a_batch_is_one_request_with_the_token() -> None:
    with HttpListener() as listener:
        assert await sink(listener).send(lines('{"a":1}', '{"a":2}')) == 2
        ((headers, body),) = listener.posts
        assert records(body) == [{"a": 1}, {"a": 2}]
        assert (headers["authorization"], headers["content-type"]) == ("Bearer t0ken", "application/json")


async def test_what_is_too_large_at_once_goes_in_parts() -> None:
    with HttpListener(status=lambda _n, body: 413 if len(records(body)) > 1 else 200) as listener:
        assert await sink(listener).send(lines("{}", "{}", "{}")) == 1
    with HttpListener(status=lambda *_: 413) as listener, pytest.raises(Away, match="position 1"):
        await sink(listener).send(lines("{}", "{}"))


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}', True),
        (b'{"partialSuccess":{"rejectedLogRecords":2}}', True),
        (b'{"partialSuccess":{}}', False),
        (b"{}", False),
        (b"", False),
        (b"fine", False),
    ],
)
async def test_what_a_collector_took_in_part_is_told_and_not_sent_again(says: bytes, told: bool) -> None:
    with HttpListener(status=lambda *_: 200, says=says) as listener, structlog.testing.capture_logs() as logs:
        assert await sink(listener).send(lines("{}", "{}")) == 2
        assert listener.tried == 1
    assert bool(logs) is told


async def test_without_its_token_nothing_is_sent() -> None:
    def gone() -> str:
        raise FileNotFoundError("token")

    with HttpListener() as listener:
        with pytest.raises(Away, match="token"):
            await sink(listener, gone).send(lines("{}"))
        assert listener.tried == 0


async def test_spans_go_in_their_own_envelope_and_what_is_refused_of_them_is_told() -> None:
    says = b'{"partialSuccess":{"rejectedSpans":"1","rejectedLogRecords":"0","errorMessage":"no"}}'
    with HttpListener(status=lambda *_: 200, says=says) as listener, structlog.testing.capture_logs() as logs:
        poster = Poster(f"http://127.0.0.1:{listener.port}/v1/traces", lambda: client_tls(None, None, None))
        way = Otlp(poster, lambda: "", 500, Origin("bank.example", "1"), "spans")
        assert await way.send(lines('{"a":1},{"a":2}', '{"a":3}')) == 2
        ((headers, body),) = listener.posts
    assert json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert "authorization" not in headers
    assert [log["refused"] for log in logs] == ["1"]
