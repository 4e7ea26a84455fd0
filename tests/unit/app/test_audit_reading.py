import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from audited import call, signer, write

from ringfence.app.audit_reading import AuditReader, NotThere, ask_for_wrapping
from ringfence.app.receipt_keys import SUFFIX
from ringfence.audit import receipt
from ringfence.audit.bundle import NotYet
from ringfence.audit.index import Wanted
from ringfence.audit.log import PERSONS
from ringfence.audit.persons import Persons
from ringfence.audit.receipt import ReceiptInvalid, ReceiptKey
from ringfence.events.audit import ReceiptKeyMade
from ringfence.ids import system_random
from ringfence.policy.load import load

KEY = ReceiptKey("day-1", bytes(range(32)))
CALLS = [call(n, user=f"user_{'ab'[n % 2]}", reason="" if n else "token-missing") for n in range(6)]


@pytest.fixture
async def reader(installation: Path):
    loaded = await write(installation, [ReceiptKeyMade(1.0, KEY.name, KEY.commitment), *CALLS])
    loaded.places.receipt_keys.mkdir()
    (loaded.places.receipt_keys / (KEY.name + SUFFIX)).write_bytes(KEY.secret)
    with signer(loaded.places):
        wrapping = await asyncio.to_thread(ask_for_wrapping, loaded.places)
    opened = AuditReader(loaded.places, wrapping)
    yield opened
    opened.close()


def value(number: int, key: ReceiptKey = KEY, **members: object) -> str:
    return receipt.write(msgspec.to_builtins(CALLS[number]) | members, key)


async def test_entries_are_found_and_opened(reader):
    found = reader.search(Wanted(kind="call.decided.v1"), 3)
    assert [f.event["correlation"] for f in found] == [c.correlation for c in CALLS[3:]]
    assert {f.personal for f in found} == {"open"}
    assert found[0].event["network"] == "192.0.2.7"
    by_person = reader.search(Wanted(person=reader.person_key("user_a")), 10)
    assert [f.event["user"] for f in by_person] == ["user_a"] * 3
    assert len(reader.search(Wanted(reason="token-missing"), 10)) == 1
    assert [f.place for f in reader.every(Wanted())] == list(range(reader._size))[::-1]


async def test_after_shredding_nothing_opens_and_everything_is_still_proven(reader):
    Persons(reader.directory / PERSONS, None, system_random).shred("user_a")
    found = reader.search(Wanted(kind="call.decided.v1"), 6)
    assert [f.personal for f in found] == ["sealed", "open"] * 3
    assert "user" not in found[0].event
    with pytest.raises(NotThere, match="nothing under a key"):
        reader.person_key("user_a")
    assert reader.prove(1, (), None).record


async def test_without_the_signer_entries_are_seen_sealed(reader, installation):
    where = load(installation).places
    assert await asyncio.to_thread(ask_for_wrapping, where) is None
    blind = AuditReader(where)
    assert {f.personal for f in blind.search(Wanted(kind="call.decided.v1"), 6)} == {"sealed"}
    blind.close()


async def test_entries_are_named_by_place_or_call(reader):
    assert reader.place_of("2") == 2
    assert reader.place_of(CALLS[4].correlation) == 5
    for name in ("99999", "unknown"):
        with pytest.raises(NotThere):
            reader.place_of(name)


async def test_a_receipt_is_proven_and_its_key_given_away_only_when_asked(reader):
    bundle = reader.prove_receipt(value(2), (), None, open_key=False)
    assert (bundle.receipt, bundle.receipt_key) == (value(2), None)
    assert CALLS[2].correlation in bundle.record
    opened = reader.prove_receipt(value(2), (), None, open_key=True).receipt_key
    assert opened is not None
    assert opened.secret == KEY.secret.hex()
    assert opened.committed["index"] == 0


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (value(2, allowed=False), ReceiptInvalid),
        (value(2, ReceiptKey("day-1", bytes(32))), ReceiptInvalid),
        (value(2, ReceiptKey("day-2", KEY.secret)), NotThere),
        (value(2, correlation="z" * 26), NotThere),
        ("nonsense", ReceiptInvalid),
    ],
)
async def test_a_receipt_that_is_not_ours_or_not_kept_is_said_so(reader, made, error):
    with pytest.raises(error):
        reader.prove_receipt(made, (), None, open_key=True)


async def test_a_receipt_key_that_was_never_committed_to_is_said_so(reader, installation):
    other = ReceiptKey("day-3", bytes(32))
    (load(installation).places.receipt_keys / ("day-3" + SUFFIX)).write_bytes(other.secret)
    with pytest.raises(NotThere, match="no commitment"):
        reader.prove_receipt(value(2, other), (), None, open_key=True)


async def test_what_is_not_in_the_log_cannot_be_proven(reader):
    with pytest.raises(NotYet):
        reader.prove(10_000, (), None)


def test_without_a_log_there_is_none(installation):
    with pytest.raises(NotThere, match="no audit log"):
        AuditReader(load(installation).places)
