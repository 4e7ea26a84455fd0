"""What becomes of keys with time: the next one made and published, activated when its day comes, old ones destroyed."""

import asyncio
from collections.abc import Callable

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import SIGNING, Use
from ringfence.keys.records import Journey, KeyRecord
from ringfence.keys.rotation import begin, due, go_on, moved
from ringfence.keys.states import State
from ringfence.keys.tenants import row_of, tenant_of
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

BY = "schedule"


async def look_after(keeper: Keeper, publish: Callable[[], None], every: Seconds) -> None:
    """Do what is due, now and again; what fails is tried again the next time."""
    while True:
        try:
            await tend(keeper, keeper.clock(), every)
            publish()
            await keeper.settled()
        except (Unavailable, OSError) as why:
            _log.error("not all that was done with keys is published and on record", why=str(why))
        await asyncio.sleep(every)


async def tend(keeper: Keeper, now: Instant, patience: Seconds | None = None) -> None:
    """Go on with rotations that are under way, begin those that are due, destroy what is over.

    A purpose that somebody is at work on is left for the next time; one that fails does not keep the others waiting.

    Args:
        keeper: the keys.
        now: the present.
        patience: how long to wait for what takes long, which goes on by itself afterwards; None: to the end.
    """
    idle = [purpose for purpose in keeper.purposes() if not keeper.moving[purpose].locked()]
    tasks = [asyncio.create_task(_tend(keeper, purpose, now), name=f"tend {purpose}") for purpose in idle]
    for task in tasks:
        keeper.work.add(task)
        task.add_done_callback(keeper.work.discard)
    if tasks:
        await asyncio.wait(tasks, timeout=patience)


async def _tend(keeper: Keeper, purpose: str, now: Instant) -> None:
    try:
        async with keeper.moving[purpose]:
            await _tend_purpose(keeper, purpose, now)
    except (BackendGone, BackendFailed, Unavailable) as why:
        _log.error("keys are not looked after", purpose=purpose, why=str(why))
    except Exception as why:  # noqa: BLE001 - the traceback could hold a secret: its kind is enough
        _log.error("keys are not looked after", purpose=purpose, kind=type(why).__name__)


async def _tend_purpose(keeper: Keeper, purpose: str, now: Instant) -> None:
    journeys = [journey for journey in keeper.ledger.journeys(unfinished=True) if journey.purpose == purpose]
    finished = [await go_on(keeper, journey, now, BY) for journey in journeys]
    for key in keeper.ledger.keys(purpose):
        if key.state is State.ACTIVE and all(finished):
            if why := due(key, keeper.settings.rule_of(purpose), now, keeper.settings.publish_ahead_of(purpose)):
                await replace(keeper, purpose, now, BY, why)
        elif is_over(key, keeper.settings.keep_published, now):
            await destroy(keeper, key, now, BY, "nothing that it signed lives any more")
        elif is_shredded(keeper, key):
            await destroy(keeper, key, now, BY, "what it wrapped was shredded")


async def replace(
    keeper: Keeper, purpose: str, now: Instant, by: str, why: str, *, end_as: State = State.DEACTIVATED
) -> Journey:
    """Begin to replace the key of a purpose and go as far as can be gone now; whoever calls holds `moving`."""
    ahead = keeper.settings.publish_ahead_of(purpose) if end_as is State.DEACTIVATED else 0.0
    journey = begin(
        keeper,
        purpose,
        keeper.settings.kind_of(purpose),
        keeper.settings.provider_of(purpose),
        end_as=end_as,
        activate_at=Instant(now + ahead),
        why=why,
        now=now,
    )
    await go_on(keeper, journey, now, by)
    return keeper.ledger.journey(journey.journey_id) or journey


def is_over(key: KeyRecord, keep: Seconds, now: Instant) -> bool:
    """Say whether a replaced token key has no token left that it could verify: its private part is of no use then."""
    over = key.state is State.DEACTIVATED and row_of(key.purpose).use is Use.TOKEN
    return over and key.kind in SIGNING and now >= (key.deactivated_at or now) + keep


def is_shredded(keeper: Keeper, key: KeyRecord) -> bool:
    """Say whether a tenant's own key, out of use, wraps nothing any more because all of it was shredded."""
    tenant = tenant_of(key.purpose)
    if not tenant or key.state not in {State.DEACTIVATED, State.COMPROMISED} or keeper.ledger.left_under(key.key_id):
        return False
    return any(one.tenant == tenant and (one.done_at or 0) >= key.created_at for one in keeper.ledger.shreddings())


async def destroy(keeper: Keeper, key: KeyRecord, now: Instant, by: str, why: str) -> KeyRecord:
    """Destroy a key with its provider, then write it down; done again where it was killed between the two.

    Raises:
        NotAllowed: its state does not let it be destroyed.
        BackendGone: its provider does not answer; the key is as it was.
    """
    gone = moved(key, State.DESTROYED, now, why)
    backend = keeper.backends[key.provider]
    await keeper.call(backend, backend.destroy, key.handle)
    gone = keeper.ledger.end_key(gone, key.state, by, now)
    keeper.changed(gone)
    return gone
