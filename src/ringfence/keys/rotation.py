"""Put a new key in the place of an old one, in steps that a journal remembers.  NIST SP 800-57 part 1 §5.3, §8.2.3.

Each step can be done again: a process that is killed between two, or in one, goes on where the journal says.

    intended → made → (published ahead) → swapped → wrapped anew → finished

The device makes a key under a label that stood in the journal before, so that none is made twice or forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.custody.limits import SOFT
from ringfence.ids import new_id
from ringfence.keys.backend import BackendFailed, KeyBackend
from ringfence.keys.ledger import Ledger
from ringfence.keys.purposes import PAIRS, PURPOSES, Kind, Use
from ringfence.keys.records import DataKeyRecord, Journey, KeyRecord
from ringfence.keys.ring import kid_of
from ringfence.keys.states import TABLE, State, move
from ringfence.keys.tenants import base_of, row_of, tenant_of

BATCH: Final = 500
"""Data keys that are wrapped anew in one transaction."""

DAY: Final[Seconds] = 86_400.0

_DEFAULT_DAYS: Final = {Use.TOKEN: 60.0, Use.SIGNATURE: 365.0, Use.WRAP: 365.0, Use.MAC: 0.0, Use.OPEN: 365.0}
"""NIST SP 800-57 part 1 §5.3.6 allows signing keys 1 to 3 years; 30 to 90 days are the custom for tokens."""


class Rule(msgspec.Struct, frozen=True):
    """When a key is due: at an age in seconds, after a number of uses; 0 for never."""

    age: Seconds
    uses: int


class Work(Protocol):
    """What a rotation needs of the process that it runs in."""

    ledger: Ledger
    backends: dict[str, KeyBackend]

    async def call(self, backend: KeyBackend, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call a provider on a thread that it may be called from."""
        ...

    def changed(self, key: KeyRecord) -> None:
        """Take note that a key is new or has another state: it is on the disk already."""
        ...

    def random(self, count: int) -> bytes:
        """Return unpredictable bytes."""
        ...


async def breathe(_: str) -> None:
    """Do nothing between two steps; a test ends the process here."""


def rule_of(purpose: str, days: float | None, uses: int | None) -> Rule:
    """Return when keys of a purpose are due, from what the policy says of it."""
    use = PURPOSES[purpose].use
    if PURPOSES[purpose].of_log:
        return Rule(0, 0)
    age = _DEFAULT_DAYS[use] if days is None else days
    return Rule(age * DAY, (SOFT if use is Use.WRAP else 0) if uses is None else uses)


def due(key: KeyRecord, rule: Rule, now: Instant, ahead: Seconds = 0.0) -> str:
    """Return why the next key is to be made now, or nothing; it is published `ahead` seconds before it is used."""
    if key.origin == "imported":
        return ""  # only who gave it gives the next one
    if rule.age and now - (key.activated_at or key.created_at) >= rule.age - ahead:
        return "age"
    if rule.uses and key.uses >= rule.uses:
        return "uses"
    return ""


def begin(
    work: Work,
    purpose: str,
    kind: Kind,
    provider: str,
    *,
    end_as: State,
    activate_at: Instant,
    why: str,
    now: Instant,
) -> Journey:
    """Write down that the key of a purpose is to be replaced, or get its first one, and return the journey."""
    journey = planned(work, purpose, kind, provider, end_as=end_as, activate_at=activate_at, why=why, now=now)
    work.ledger.begin_journey(journey)
    return journey


def planned(
    work: Work,
    purpose: str,
    kind: Kind,
    provider: str,
    *,
    end_as: State,
    activate_at: Instant,
    why: str,
    now: Instant,
) -> Journey:
    """Return a journey that is written nowhere yet."""
    old = next((k for k in work.ledger.keys(purpose) if k.state in {State.ACTIVE, State.SUSPENDED}), None)
    return Journey(
        journey_id=new_id("journey", work.random),
        purpose=purpose,
        old=old.key_id if old else "",
        new=new_id("key", work.random),
        kind=kind,
        provider=provider,
        end_as=end_as,
        activate_at=activate_at if old else now,
        why=why,
        started_at=now,
    )


async def go_on(
    work: Work,
    journey: Journey,
    now: Instant,
    by: str,
    step: Callable[[str], Awaitable[None]] = breathe,
) -> bool:
    """Do what is left of a journey, and say whether it is finished: one that waits for its day is not.

    Raises:
        BackendGone, BackendFailed, Unavailable: it stays where it is, to be gone on with later.
    """
    await step("intended")
    new = work.ledger.key(journey.new)
    if new is None:
        new = await _make(work, journey, now, by, step)
    await step("made")
    if new.state is State.PRE_ACTIVATION:
        if now < journey.activate_at:
            return False
        new = _swap(work, journey, new, now, by)
    await step("swapped")
    if row_of(journey.purpose).use is Use.WRAP:
        if new.state is State.SUSPENDED:
            return False  # somebody doubts it: nothing is put under it meanwhile
        for old, tenant in _sources(work.ledger, journey):
            await wrap_anew(work, old, new, journey.journey_id, step, tenant)
    work.ledger.end_journey(journey.journey_id, now)
    await step("finished")
    return True


def _sources(ledger: Ledger, journey: Journey) -> list[tuple[KeyRecord, str]]:
    """Return the keys whose data keys are wrapped anew: all of them, or those of one tenant."""
    found: dict[tuple[str, str], KeyRecord] = {}
    for leg in ledger.legs(journey):
        if leg.old:
            old = ledger.key(leg.old)
            assert old is not None  # keys are never removed from the ledger
            found[old.key_id, ""] = old
        elif tenant := tenant_of(leg.purpose):  # its first key takes over what the common ones wrap for it
            commons = (key for key in ledger.keys(base_of(leg.purpose)) if TABLE[key.state].processes)
            found |= {(common.key_id, tenant): common for common in commons}
    return [(old, tenant) for (_, tenant), old in found.items()]


async def wrap_anew(
    work: Work,
    old: KeyRecord,
    new: KeyRecord,
    journey_id: str,
    step: Callable[[str], Awaitable[None]] = breathe,
    tenant: str = "",
) -> int:
    """Wrap every data key of one KEK, or a tenant's, by another, batch by batch, and return how many could not be opened."""
    lost, after = 0, ""
    while batch := work.ledger.data_keys_under(old.key_id, after, BATCH, tenant):
        after = batch[-1].data_key
        done = await work.call(work.backends[old.provider], _wrapped_anew, work.backends, old, new, batch)
        lost += len(batch) - len(done)
        work.ledger.rewrap(old.key_id, new.key_id, done, journey_id)
        await step("wrapped")
        await asyncio.sleep(0)  # who waits for a signature meanwhile gets it
    return lost


def context_of(data_key: DataKeyRecord) -> bytes:
    """Return what a wrapped data key is bound to, in a form that nothing else has."""
    return msgspec.msgpack.encode(
        ("ringfence data key 1", data_key.data_key, data_key.tenant, data_key.field, data_key.subject)
    )


def moved(key: KeyRecord, to: State, now: Instant, why: str = "") -> KeyRecord:
    """Return a key's record in another state.  Raises NotAllowed."""
    state = move(key.state, to)
    changes: dict[str, Any] = {"state": state, "why": why or key.why}
    if state is State.ACTIVE:
        changes["activated_at"] = key.activated_at or now
    elif state is State.DEACTIVATED:
        changes["deactivated_at"] = now
    elif not TABLE[state].processes and state is not State.SUSPENDED:
        changes["ended_at"] = now
    return msgspec.structs.replace(key, **changes)


async def _make(
    work: Work, journey: Journey, now: Instant, by: str, step: Callable[[str], Awaitable[None]]
) -> KeyRecord:
    backend = work.backends[journey.provider]
    handle = await work.call(backend, backend.generate, journey.kind, journey.new)
    await step("generated")
    public = await work.call(backend, backend.public, handle) if journey.kind in PAIRS else b""
    new = KeyRecord(
        key_id=journey.new,
        kid=kid_of(public) if public else journey.new,
        purpose=journey.purpose,
        kind=journey.kind,
        provider=journey.provider,
        handle=handle,
        public=public,
        state=State.PRE_ACTIVATION,
        created_at=now,
        activate_at=journey.activate_at,
        why=journey.why,
    )
    with work.ledger.change():
        work.ledger.add_key(new, by)
    work.changed(new)
    return new


def _swap(work: Work, journey: Journey, new: KeyRecord, now: Instant, by: str) -> KeyRecord:
    """Make the new key active and the old one what it ends as, in one transaction."""
    active = moved(new, State.ACTIVE, now, journey.why)
    ended: KeyRecord | None = None
    with work.ledger.change():
        old = work.ledger.key(journey.old) if journey.old else None
        if old is not None and old.state in {State.ACTIVE, State.SUSPENDED}:
            ended = moved(old, journey.end_as, now, journey.why)
            work.ledger.replace_key(ended, old.state, by, now)
        work.ledger.replace_key(active, State.PRE_ACTIVATION, by, now)
    if ended is not None:
        work.changed(ended)
    work.changed(active)
    return active


def _wrapped_anew(
    backends: dict[str, KeyBackend], old: KeyRecord, new: KeyRecord, batch: list[DataKeyRecord]
) -> list[tuple[str, bytes]]:
    source, target = backends[old.provider], backends[new.provider]
    found = []
    for data_key in batch:
        context = context_of(data_key)
        try:
            secret = source.unwrap(old.handle, data_key.wrapped, context)
        except BackendFailed:
            continue  # it is counted, and stays where it is
        found.append((data_key.data_key, target.wrap(new.handle, secret, context)))
    return found
