"""Put blocks and measures back into a fast state that was lost: the lists say what stands."""

from typing import Final

from ringfence.admin.blocks import block_key
from ringfence.admin.response_acts import stand
from ringfence.clock import Instant
from ringfence.store.interface import FastState
from ringfence.store.watch_interface import WatchRecords

MEASURES: Final = frozenset({"step-up", "throttle"})


async def refill(watch: WatchRecords, fast: FastState, now: Instant) -> int:
    """Have everything stand that should; return how many.  Safe to repeat.  Raises Unavailable."""
    blocks = await watch.blocks(now)
    for block in blocks:
        await fast.block([block_key(block.kind, block.value)], block.until, now)
    measures = [one for one in await watch.standing_responses(now) if one.kind in MEASURES]
    for one in measures:
        await stand(fast, one, now)
    return len(blocks) + len(measures)
