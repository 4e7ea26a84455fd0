"""What follows on a key's compromise: which key takes its place, and who saves what it wrapped.  NIST SP 800-57 part 1 §8.4.

There is one rotation at a time for a purpose. One that is under way is hastened where it replaces this very key; where
this key is what it moves to, another takes it over, with all that it had left to do.
"""

import msgspec

from ringfence.clock import Instant
from ringfence.ids import new_id
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import Use
from ringfence.keys.records import Journey, KeyRecord
from ringfence.keys.rotation import moved, planned
from ringfence.keys.states import State
from ringfence.keys.tenants import row_of

_IN_FORCE = frozenset({State.ACTIVE, State.SUSPENDED})


def follow_up(
    keeper: Keeper, key: KeyRecord, why: str, by: str, now: Instant
) -> tuple[Journey | None, KeyRecord | None]:
    """Write down what follows on the compromise of a key; whoever calls holds `moving`.

    Returns:
        The rotation to go on with, if there is something to replace or save; and the key in its new state, unless
        that rotation's swap is what ends it.

    Raises:
        NotAllowed: its state has nothing to do with it any more.
        Unavailable: nothing is written.
    """
    ledger = keeper.ledger
    under_way = next((one for one in ledger.journeys(unfinished=True) if one.purpose == key.purpose), None)
    with ledger.change():
        if key.state in _IN_FORCE:
            if under_way is not None and under_way.old == key.key_id:
                return _hastened(keeper, under_way, why, now), None
            return _succeed(keeper, key.purpose, under_way, why, now), None
        ended = moved(key, State.COMPROMISED, now, why)
        ledger.replace_key(ended, key.state, by, now)
        if key.state is State.PRE_ACTIVATION:
            return _without(keeper, key, under_way, now), ended
        return _rescue(keeper, key, under_way, why, now), ended


def _hastened(keeper: Keeper, journey: Journey, why: str, now: Instant) -> Journey:
    hastened = msgspec.structs.replace(journey, activate_at=now, end_as=State.COMPROMISED, why=why)
    keeper.ledger.hasten_journey(hastened)
    return hastened


def _succeed(keeper: Keeper, purpose: str, before: Journey | None, why: str, now: Instant) -> Journey:
    """Begin the rotation away from the key in force; it takes over the one that is under way."""
    kind, provider = keeper.settings.kind_of(purpose), keeper.settings.provider_of(purpose)
    journey = planned(keeper, purpose, kind, provider, end_as=State.COMPROMISED, activate_at=now, why=why, now=now)
    if before is not None:
        keeper.ledger.take_over(before.journey_id, journey.journey_id, now)
    keeper.ledger.begin_journey(journey)
    return journey


def _without(keeper: Keeper, key: KeyRecord, under_way: Journey | None, now: Instant) -> Journey | None:
    """Go on without a key that was to come: a mere rotation ends, and is begun again when it is due."""
    if under_way is None or under_way.new != key.key_id:
        return None
    if under_way.end_as is State.COMPROMISED or len(keeper.ledger.legs(under_way)) > 1:
        return _succeed(keeper, key.purpose, under_way, under_way.why, now)
    keeper.ledger.end_journey(under_way.journey_id, now)
    return None


def _rescue(keeper: Keeper, key: KeyRecord, under_way: Journey | None, why: str, now: Instant) -> Journey | None:
    """Return the rotation that saves what a key wrapped that had been replaced already."""
    ledger = keeper.ledger
    if under_way is not None and under_way.old == key.key_id:
        return under_way
    if row_of(key.purpose).use is not Use.WRAP or not ledger.left_under(key.key_id):
        return None
    in_force = next((one for one in ledger.keys(key.purpose) if one.state in _IN_FORCE), None)
    target = under_way.new if under_way else in_force.key_id if in_force else new_id("key", keeper.random)
    rescue = Journey(
        journey_id=new_id("journey", keeper.random),
        purpose=key.purpose,
        old=key.key_id,
        new=target,
        kind=keeper.settings.kind_of(key.purpose),
        provider=keeper.settings.provider_of(key.purpose),
        end_as=State.COMPROMISED,
        activate_at=now,
        why=why,
        started_at=now,
    )
    if under_way is None:
        ledger.begin_journey(rescue)
        return rescue
    leg = msgspec.structs.replace(rescue, finished_at=now, taken_over_by=under_way.journey_id)
    ledger.begin_journey(leg)  # nothing of its own to do: the one that is under way saves this, too
    return under_way
