import asyncio

import msgspec

from ringfence.app.consents import ABANDONED_AFTER, expire_consents
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Unavailable
from ringfence.store.model import Consent

EXPIRED = Consent(
    consent_id="consent_1",
    client_id="c",
    state=ConsentState.EXPIRED,
    scopes=(),
    created_at=Instant(1.0),
    changed_at=Instant(2.0),
    expires_at=Instant(2.0),
)
LEFT = msgspec.structs.replace(EXPIRED, consent_id="consent_2", state=ConsentState.CONSUMED, used_by="call_1")


class Records:
    """The first attempt fails; the second finds one consent."""

    def __init__(self) -> None:
        self.asked = 0

    async def expire_consents(self, now: Instant) -> list[Consent]:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("gone")
        return [EXPIRED] if self.asked == 2 else []

    async def spend_abandoned(self, before: Instant, now: Instant) -> list[Consent]:
        assert before == now - ABANDONED_AFTER
        return [LEFT] if self.asked == 2 else []


class Events:
    def __init__(self) -> None:
        self.refusals = 2
        self.seen: list = []

    def ready(self) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise Unavailable("full")

    def emit(self, event) -> None:
        self.seen.append(event)


async def test_each_expiry_is_told_and_nothing_expires_untold() -> None:
    records, events = Records(), Events()
    task = asyncio.create_task(expire_consents(records, events, lambda: Instant(3.0), system_random, 0.001))
    async with asyncio.timeout(5):
        while records.asked < 3:
            await asyncio.sleep(0.001)
            if events.refusals > 0:
                assert records.asked == 0
    task.cancel()
    event, left = events.seen
    assert (left.consent, left.state, left.correlation) == ("consent_2", "Consumed", "call_1")
    assert (event.consent, event.state, event.why) == ("consent_1", "Expired", "its time is over")
