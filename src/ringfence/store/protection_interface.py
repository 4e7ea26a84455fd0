"""What the records offer for protected fields: versions of their keys, leases of uses, and tokens.  NIST SP 800-38D §8.3."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.protection_model import FieldKey, VaultToken


class ProtectionStore(Protocol):
    """The part of `Records` that is about protected fields.  Every method raises Unavailable."""

    async def field_keys(self, tenant: str, field: str) -> list[FieldKey]:
        """Return the versions of a field's key, the newest first."""
        ...

    async def add_field_key(self, key: FieldKey) -> bool:
        """Keep a new version and retire those before it; False where that version is there already: one caller wins."""
        ...

    async def lease_field_key(self, data_key: str, block: int, most: int) -> int | None:
        """Add a block of uses and return the sum; None where it would be more than `most`, or the key is retired."""
        ...

    async def keep_token(self, token: VaultToken) -> str:
        """Keep a token and return it; or the one that stands for the same value already; `""` if that token is taken."""
        ...

    async def vault_token(self, token: str) -> VaultToken | None:
        """Return what a token stands for, or None."""
        ...

    async def token_of(self, tenant: str, field: str, value_index: str) -> str:
        """Return the token that stands for a value already, or `""`."""
        ...

    async def retire_field_key(self, data_key: str, now: Instant) -> bool:
        """Let a key only open from now on; False unless it was in use."""
        ...
