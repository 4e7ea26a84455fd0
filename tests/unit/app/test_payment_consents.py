import asyncio
from typing import Any

import pytest

from ringfence.app.payment_consents import PaymentConsents
from ringfence.clock import Instant
from ringfence.store.interface import Unavailable


class Records:
    def __init__(self) -> None:
        self.said: list[str] = []

    async def use_consent(self, *_: Any) -> bool:
        self.said.append("use")
        return True

    async def return_consent(self, *_: Any) -> bool:
        self.said.append("return")
        return True

    async def spend_consent(self, *_: Any) -> None:
        self.said.append("spend")

    async def close(self) -> None:
        self.said.append("close")


async def test_the_records_are_opened_once_when_the_first_payment_comes() -> None:
    records, opened = Records(), []

    async def opener() -> Any:
        opened.append(1)
        await asyncio.sleep(0.01)
        return records

    consents = PaymentConsents(opener)
    assert not opened
    await asyncio.gather(*(consents.use_consent("k", "c", "d", Instant(1.0)) for _ in range(5)))
    await consents.return_consent("k", "d")
    await consents.spend_consent("k", "d", Instant(1.0))
    await consents.close()
    assert len(opened) == 1
    assert records.said == [*["use"] * 5, "return", "spend", "close"]


async def test_records_that_cannot_be_opened_are_tried_again() -> None:
    attempts: list[int] = []

    async def opener() -> Any:
        attempts.append(1)
        if len(attempts) == 1:
            raise Unavailable("gone")
        return Records()

    consents = PaymentConsents(opener)
    with pytest.raises(Unavailable):
        await consents.use_consent("k", "c", "d", Instant(1.0))
    assert await consents.use_consent("k", "c", "d", Instant(1.0))


async def test_what_was_never_opened_is_not_closed() -> None:
    async def opener() -> Any:
        raise AssertionError("nobody asked")

    await PaymentConsents(opener).close()
