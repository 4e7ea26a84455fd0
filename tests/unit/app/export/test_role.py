"""The role over real files and listeners, by a policy."""

import asyncio
import json
from pathlib import Path

import pytest

from ringfence.app.export.role import Exporting, followers
from ringfence.app.snapshot import accept
from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.events import AlertRaised, CallDecided, LoginDecided
from ringfence.export.classes import FIELDS
from ringfence.policy.load import load
from ringfence.store.cursors import Cursors
from ringfence.store.embedded.sqlite_events import SqliteEvents
from tests.listening import HttpListener, SyslogListener, free_port, until
from tests.unit.app.conftest import OPENAPI, POLICY
from tests.whole_events import full, stored

LOGIN, ALERT = stored(full(LoginDecided)).data, stored(full(AlertRaised)).data


def policy_with(directory: Path, more: str) -> Path:
    create_development_certificates(directory / "certs", ["localhost"], system_clock())
    (directory / "bank.yaml").write_text(OPENAPI)
    file = directory / "ringfence.yaml"
    file.write_text(POLICY + more)
    for name in ("token", "secret"):
        (directory / name).write_text("a-secret-of-24-characters\n")
        (directory / name).chmod(0o600)
    return file


@pytest.fixture
async def stream(tmp_path: Path):
    (tmp_path / "state").mkdir()
    stream = SqliteEvents(tmp_path / "state" / "events.db")
    yield stream
    await stream.close()


async def test_each_sink_gets_its_own_and_none_waits_for_another(tmp_path: Path, stream: SqliteEvents) -> None:
    with SyslogListener() as syslog, HttpListener() as http, HttpListener() as told:
        more = f"""
export:
  redact: [personal]
  file: {{shipper: {{path: out.jsonl, format: ecs}}}}
  syslog:
    soc: {{host: 127.0.0.1, port: {syslog.port}, tls: "off", format: cef, events: ["login.*"]}}
    gone: {{host: 127.0.0.1, port: {free_port()}, tls: "off"}}
  http: {{lake: {{url: "http://127.0.0.1:{http.port}/in", token_file: token, batch: 2}}}}
notify: {{webhook: {{phone: {{url: "http://127.0.0.1:{told.port}/", secret_file: secret, levels: [high], inside: [127.0.0.0/8]}}}}}}
"""
        loaded = load(accept(load(policy_with(tmp_path, more))))
        (tmp_path / "keys").mkdir()
        alert = stored(AlertRaised(**{**_fields(full(AlertRaised)), "level": "high", "silenced": ""})).data
        await stream.append([LOGIN, LOGIN, ALERT])
        exporting = Exporting(stream)
        await exporting.follow(loaded)
        cursors = Cursors(loaded.places.exports)
        await asyncio.to_thread(until, lambda: cursors.read("phone"))
        await stream.append([alert])
        await asyncio.to_thread(until, lambda: len(http.lines()) == 4 and len(syslog.messages) == 2 and told.posts)
        await asyncio.to_thread(until, lambda: (tmp_path / "out.jsonl").read_text().count("\n") == 4)
        await asyncio.to_thread(until, lambda: cursors.read("gone").failing_since)
        await exporting.end()
        assert [t.partition("|")[0] for t in syslog.texts()] == ["CEF:0"] * 2
        assert "v-user" not in (tmp_path / "out.jsonl").read_text() + "".join(http.lines() + syslog.texts())
        assert len(told.posts) == 1
        assert [len(body.splitlines()) for _, body in http.posts][:1] == [2]
        assert (tmp_path / "keys" / "export-redaction.key").stat().st_mode & 0o777 == 0o600


async def test_a_sink_that_redacts_all_holds_facts_alone(tmp_path: Path, stream: SqliteEvents) -> None:
    more = """
export:
  file:
    access: {path: access.jsonl, format: ecs, events: [call.decided], redact: all}
    whole: {path: whole.jsonl, format: ecs}
"""
    call = full(CallDecided)
    await stream.append([stored(call).data, LOGIN])
    exporting = Exporting(stream)
    (tmp_path / "keys").mkdir()
    await exporting.follow(load(policy_with(tmp_path, more)))
    await asyncio.to_thread(
        until, lambda: (tmp_path / "access.jsonl").exists() and (tmp_path / "access.jsonl").read_text()
    )
    await asyncio.to_thread(
        until, lambda: (tmp_path / "whole.jsonl").exists() and (tmp_path / "whole.jsonl").read_text()
    )
    await exporting.end()
    access, whole = ((tmp_path / f"{name}.jsonl").read_text() for name in ("access", "whole"))
    assert access.count("\n") == 1
    for name, value in _fields(call).items():
        for text in [value] if isinstance(value, str) else value if isinstance(value, tuple) else []:
            harmless = set(FIELDS[name]) <= {"fact", "digest"}
            assert (f'"{text}"' in access, f'"{text}"' in whole) == (harmless, True), name
    assert json.loads(access)["organization"]["id"].startswith("hmac:")
    assert json.loads(access)["http"]["request"]["method"] == "v-method"


def _fields(event) -> dict:
    return {name: getattr(event, name) for name in event.__struct_fields__}


async def test_a_changed_policy_takes_the_place_of_the_last(tmp_path: Path, stream: SqliteEvents) -> None:
    file = policy_with(tmp_path, "\nexport: {file: {one: {path: one.jsonl}}}\n")
    await stream.append([LOGIN])
    exporting = Exporting(stream)
    await exporting.follow(load(file))
    await asyncio.to_thread(until, (tmp_path / "one.jsonl").exists)
    file.write_text(POLICY + "\nexport: {file: {two: {path: two.jsonl}}}\n")
    await exporting.follow(load(file))
    await stream.append([LOGIN])
    await asyncio.to_thread(until, (tmp_path / "two.jsonl").exists)
    await asyncio.to_thread(until, lambda: (tmp_path / "two.jsonl").read_text().count("\n") == 2)
    await exporting.end()
    assert (tmp_path / "one.jsonl").read_text().count("\n") == 1


async def test_a_policy_without_sinks_has_no_followers(tmp_path: Path, stream: SqliteEvents) -> None:
    assert followers(load(policy_with(tmp_path, "")), stream) == []


async def test_an_empty_secret_is_none(tmp_path: Path, stream: SqliteEvents) -> None:
    with HttpListener() as http:
        more = f'\nexport: {{http: {{lake: {{url: "http://127.0.0.1:{http.port}/", token_file: token}}}}}}\n'
        file = policy_with(tmp_path, more)
        (tmp_path / "token").write_text("two\nlines")
        (tmp_path / "token").chmod(0o600)
        await stream.append([LOGIN])
        exporting = Exporting(stream)
        await exporting.follow(load(file))
        cursors = Cursors(load(file).places.exports)
        await asyncio.to_thread(until, lambda: (c := cursors.read("lake")) and "token" in c.failure)
        (tmp_path / "token").write_text("rotated")
        await asyncio.to_thread(until, lambda: http.posts)
        await exporting.end()
        assert http.posts[0][0]["authorization"] == "Bearer rotated"


async def test_calls_become_spans_from_where_the_collector_was_away(tmp_path: Path, stream: SqliteEvents) -> None:
    ids = {"trace": "ab" * 16, "span": "c1" * 8, "parent": ""}
    call = stored(CallDecided(**{**_fields(full(CallDecided)), **ids})).data
    port = free_port()
    more = f'\nexport: {{traces: {{tempo: {{url: "http://127.0.0.1:{port}/v1/traces", batch: 2}}}}}}\n'
    loaded = load(policy_with(tmp_path, more))
    await stream.append([LOGIN, call, call, LOGIN, call])
    exporting = Exporting(stream)
    await exporting.follow(loaded)
    cursors = Cursors(loaded.places.exports)
    await asyncio.to_thread(until, lambda: (c := cursors.read("tempo")) and c.failing_since, 30)
    with HttpListener(port) as http:
        await asyncio.to_thread(until, lambda: (c := cursors.read("tempo")) and c.position == 5, 30)
        await exporting.end()
    batches = [json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"] for _, body in http.posts]
    assert [len(spans) for spans in batches] == [4, 2]
    assert {span["traceId"] for spans in batches for span in spans} == {"ab" * 16}
