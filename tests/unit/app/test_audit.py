"""The role as it runs: events in, a log that verifies out."""

# ruff: noqa: ASYNC240  # a test may hold up its own event loop for a moment

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from audited import call, role, signer, write

from ringfence.app.audit import LOG_KEYS, places_of
from ringfence.app.events import event_outbox, event_stream
from ringfence.audit.log import Held, published
from ringfence.audit.note import ED25519, ML_DSA_44, NoteInvalid, NoteKey
from ringfence.audit.record import read
from ringfence.audit.tiles import entries
from ringfence.audit.verify import Trust, verify
from ringfence.policy.audit_model import Audit, Witness
from ringfence.policy.load import LoadedPolicy, load


def keys_of(loaded: LoadedPolicy) -> tuple[NoteKey, ...]:
    """Return the keys that the log tells of itself."""
    return tuple(map(NoteKey.parse, (loaded.places.audit / LOG_KEYS).read_text().splitlines()))


def kept(loaded: LoadedPolicy) -> list[dict[str, object]]:
    """Return the events under the root that verifies."""
    report = verify(loaded.places.audit, Trust(keys_of(loaded)))
    return [read(data).event for data in entries(loaded.places.audit, report.size)]


def changed_keys(seen: list[dict[str, object]]) -> set[object]:
    """Return the purposes of the keys whose changes are among the events."""
    return {event["purpose"] for event in seen if event["event"] == "key.changed.v1"}


async def test_what_happens_is_in_the_log_in_order_and_verifies(installation: Path) -> None:
    loaded = await write(installation, [call(n) for n in range(50)])
    directory = loaded.places.audit
    report = verify(directory, Trust(keys_of(loaded)))
    assert report.origin == "localhost:8443/audit"
    records = [read(data) for data in entries(directory, report.size)]
    assert [r.event["correlation"] for r in records[:50]] == [call(n).correlation for n in range(50)]
    assert records[50].event["event"] == "journal.ended.v1"
    assert {r.event.get("user") for r in records} == {None}


async def test_it_goes_on_where_it_was_after_a_restart(installation: Path) -> None:
    await write(installation, [call(n) for n in range(10)])
    loaded = await write(installation, [call(n) for n in range(10, 30)])
    note = published(loaded.places.audit)
    assert note is not None
    kinds = [read(data).event["event"] for data in entries(loaded.places.audit, note.checkpoint.size)]
    assert kinds.count("call.decided.v1") == 30
    verify(loaded.places.audit, Trust(keys_of(loaded)))


async def test_a_second_one_does_not_start(installation: Path) -> None:
    loaded = await write(installation, [call(0)])
    with signer(loaded.places):
        await _a_second_one(installation, loaded)


async def _a_second_one(installation: Path, loaded: LoadedPolicy) -> None:
    async with role(installation):
        while not (loaded.places.audit / "lock").exists():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        with pytest.raises(Held):
            async with role(installation) as second:
                await second


async def test_with_post_quantum_both_keys_sign(installation: Path) -> None:
    installation.write_text(installation.read_text() + "audit: {post_quantum: true}\n")
    loaded = await write(installation, [call(0)])
    keys = keys_of(loaded)
    assert [key.kind for key in keys] == [ED25519, ML_DSA_44]
    verify(loaded.places.audit, Trust(keys))


async def test_receipt_keys_are_committed_to_before_they_are_there(installation: Path) -> None:
    installation.write_text(installation.read_text() + "audit: {receipts: on}\n")
    loaded = load(installation)
    loaded.places.state.mkdir()
    with signer(loaded.places):
        await _receipt_keys(installation, loaded)


async def _receipt_keys(installation: Path, loaded: LoadedPolicy) -> None:
    async with role(installation), asyncio.timeout(20):
        while len(list(loaded.places.receipt_keys.glob("*.key"))) < 2:
            await asyncio.sleep(0.02)
            for path in loaded.places.receipt_keys.glob("*.key"):
                note = published(loaded.places.audit)
                assert note is not None
                records = [read(data) for data in entries(loaded.places.audit, note.checkpoint.size)]
                assert path.stem in {r.event.get("key") for r in records}


def test_a_witness_whose_key_is_none_is_told() -> None:
    with pytest.raises(NoteInvalid):
        places_of(Audit(witnesses=(Witness(key="w+00000000+AAAA", url="http://127.0.0.1:1"),)))


async def test_the_name_of_the_log_can_be_chosen(installation: Path) -> None:
    installation.write_text(installation.read_text() + "audit: {origin: bank.example/2026}\n")
    loaded = await write(installation, [call(0)])
    assert [key.name for key in keys_of(loaded)] == ["bank.example/2026"]


@contextmanager
def signer_process(policy: Path) -> Iterator[None]:
    """The signer as it runs, until it is killed."""
    process = subprocess.Popen([sys.executable, "-m", "ringfence.app.role", "signer", str(policy)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def test_while_the_signer_is_gone_events_wait_and_none_is_lost(installation: Path) -> None:
    """Gone at the start, killed while the log grows, and back each time."""
    loaded = load(installation)
    for path in (loaded.places.state, loaded.places.sockets, loaded.places.events_spill):
        path.mkdir(parents=True, mode=0o700)
    directory = loaded.places.audit

    async def promised(size: int) -> None:
        async with asyncio.timeout(20):
            while (note := published(directory)) is None or note.checkpoint.size < size:
                await asyncio.sleep(0.02)

    async with role(installation), event_stream(loaded) as stream, event_outbox(loaded, "gateway-0", stream) as outbox:
        outbox.emit(call(0))
        await asyncio.sleep(0.5)
        assert published(directory) is None
        with signer_process(installation):
            await promised(1)
        note = published(directory)
        assert note is not None
        before = note.checkpoint.size
        for number in range(1, 6):
            outbox.emit(call(number))
        await asyncio.sleep(1.5)
        note = published(directory)
        assert note is not None
        assert note.checkpoint.size == before
        with signer_process(installation):
            await promised(before + 5)
            async with asyncio.timeout(20):  # what the signer itself reports comes in its own time
                while not changed_keys(seen := kept(loaded)) >= {"checkpoint", "data"}:
                    await asyncio.sleep(0.1)
    assert [e["correlation"] for e in seen if "correlation" in e] == [call(n).correlation for n in range(6)]


async def test_a_role_that_never_met_its_signer_ends_when_it_is_told_to(installation: Path) -> None:
    load(installation).places.state.mkdir()
    async with role(installation) as task:
        await asyncio.sleep(0.3)
        assert not task.done()
