"""The records as a gateway worker needs them: opened when the first payment comes, for its consent alone."""

import asyncio
from collections.abc import Awaitable, Callable

from ringfence.clock import Instant
from ringfence.store.interface import Records
from ringfence.store.model import Consent


class PaymentConsents:
    """`gateway.ports.Consents`: a worker that never sees a payment holds no connection to the records."""

    def __init__(self, opened: Callable[[], Awaitable[Records]]) -> None:
        """Open by `opened`, which raises Unavailable; then the next payment tries again."""
        self._opened = opened
        self._records: Records | None = None
        self._lock = asyncio.Lock()

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        """Put a consent to use by one call.  Raises Unavailable."""
        return await (await self._open()).use_consent(consent_id, client_id, call, now)

    async def return_consent(self, consent_id: str, call: str) -> bool:
        """Let a consent be used again.  Raises Unavailable."""
        return await (await self._open()).return_consent(consent_id, call)

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> Consent | None:
        """Return the consent, Consumed.  Raises Unavailable."""
        return await (await self._open()).spend_consent(consent_id, call, now)

    async def close(self) -> None:
        """Let go of the records."""
        if self._records is not None:
            await self._records.close()

    async def _open(self) -> Records:
        async with self._lock:
            if self._records is None:
                self._records = await self._opened()
            return self._records
