"""What becomes of keys with time: the next one made and published, activated when its day comes, old ones destroyed."""

import asyncio
from collections.abc import Callable

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import PURPOSES, SIGNING, Use
from ringfence.keys.records import Journey, KeyRecord
from ringfence.keys.rotation import begin, due, go_on, moved
from ringfence.keys.states import State
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

BY = "schedule"


async def look_after(keeper: Keeper, publish: Callable[[], None], every: Seconds) -> None:
    """Do what is due, now and again; what fails is tried again the next time."""
    while True:
        try:
            await tend(keeper, keeper.clock())
            publish()
        except (BackendGone, BackendFailed, Unavailable, OSError) as why:
            _log.error("keys are not looked after", why=str(why))
        await asyncio.sleep(every)


async def tend(keeper: Keeper, now: Instant) -> None:
    """Go on with rotations that are under way, begin those that are due, destroy what is over."""
    async with keeper.moving:
        for journey in keeper.ledger.journeys(unfinished=True):
            await go_on(keeper, journey, now, BY)
        under_way = {journey.purpose for journey in keeper.ledger.journeys(unfinished=True)}
        for purpose in PURPOSES:
            for key in keeper.ledger.keys(purpose):
                if key.state is State.ACTIVE and purpose not in under_way:
                    if why := due(key, keeper.settings.rules[purpose], now, keeper.settings.publish_ahead_of(purpose)):
                        await replace(keeper, purpose, now, BY, why)
                elif is_over(key, keeper.settings.keep_published, now):
                    await destroy(keeper, key, now, BY, "nothing that it signed lives any more")


async def replace(
    keeper: Keeper, purpose: str, now: Instant, by: str, why: str, *, end_as: State = State.DEACTIVATED
) -> Journey:
    """Begin to replace the key of a purpose and go as far as can be gone now; whoever calls holds `moving`."""
    ahead = keeper.settings.publish_ahead_of(purpose) if end_as is State.DEACTIVATED else 0.0
    journey = begin(
        keeper,
        purpose,
        keeper.settings.kinds[purpose],
        keeper.settings.providers[purpose],
        end_as=end_as,
        activate_at=Instant(now + ahead),
        why=why,
        now=now,
    )
    await go_on(keeper, journey, now, by)
    return keeper.ledger.journey(journey.journey_id) or journey


def is_over(key: KeyRecord, keep: Seconds, now: Instant) -> bool:
    """Say whether a replaced token key has no token left that it could verify: its private part is of no use then."""
    over = key.state is State.DEACTIVATED and PURPOSES[key.purpose].use is Use.TOKEN
    return over and key.kind in SIGNING and now >= (key.deactivated_at or now) + keep


async def destroy(keeper: Keeper, key: KeyRecord, now: Instant, by: str, why: str) -> KeyRecord:
    """Destroy a key with its provider, then write it down; done again where it was killed between the two.

    Raises:
        NotAllowed: its state does not let it be destroyed.
        BackendGone: its provider does not answer; the key is as it was.
    """
    gone = moved(key, State.DESTROYED, now, why)
    backend = keeper.backends[key.provider]
    await keeper.call(backend, backend.destroy, key.handle)
    gone = keeper.ledger.end_key(gone, key.state)
    keeper.changed(gone, by)
    return gone
