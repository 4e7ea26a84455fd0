"""The role as it runs: events in, a log that verifies out."""

# ruff: noqa: ASYNC240  # a test may hold up its own event loop for a moment

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from audited import call, role, write

from ringfence.app.audit import LOG_KEYS, checkpoint_signer, places_of
from ringfence.audit.log import Held, published
from ringfence.audit.note import ED25519, ML_DSA_44, NoteInvalid, NoteKey
from ringfence.audit.record import read
from ringfence.audit.tiles import entries
from ringfence.audit.verify import Trust, verify
from ringfence.policy.audit_model import Audit, Witness
from ringfence.policy.load import load


async def test_what_happens_is_in_the_log_in_order_and_verifies(installation: Path) -> None:
    loaded = await write(installation, [call(n) for n in range(50)])
    directory = loaded.places.audit
    keys = tuple(map(NoteKey.parse, (directory / LOG_KEYS).read_text().splitlines()))
    report = verify(directory, Trust(keys))
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
    verify(loaded.places.audit, Trust(checkpoint_signer(loaded).keys))


async def test_a_second_one_does_not_start(installation: Path) -> None:
    loaded = await write(installation, [call(0)])
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
    keys = checkpoint_signer(loaded).keys
    assert [key.kind for key in keys] == [ED25519, ML_DSA_44]
    verify(loaded.places.audit, Trust(keys))


async def test_receipt_keys_are_committed_to_before_they_are_there(installation: Path) -> None:
    installation.write_text(installation.read_text() + "audit: {receipts: on}\n")
    loaded = load(installation)
    loaded.places.state.mkdir()
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


def test_the_name_of_the_log_can_be_chosen(installation: Path) -> None:
    loaded = load(installation)
    named = msgspec.structs.replace(loaded.policy, audit=Audit(origin="bank.example/2026"))
    signer = checkpoint_signer(msgspec.structs.replace(loaded, policy=named))
    assert signer.keys[0].name == "bank.example/2026"
