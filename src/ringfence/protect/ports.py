"""What field protection needs from outside, as protocols."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ringfence.custody.wire import Context, DataKey
from ringfence.store.protection_interface import ProtectionStore

Opened = Callable[[], Awaitable[ProtectionStore]]
"""Returns the records, opened when they are first needed.  Raises store.interface.Unavailable."""


class Custody(Protocol):
    """The signer.  Every method raises store.interface.Unavailable or custody.wire.SignerRefused."""

    async def generate(self, purpose: str, context: Context) -> DataKey:
        """Return a new data key, which the signer keeps wrapped."""
        ...

    async def open(self, data_key: str, context: Context) -> DataKey:
        """Return a data key in the clear."""
        ...

    async def forget(self, data_key: str) -> None:
        """Destroy a data key."""
        ...
