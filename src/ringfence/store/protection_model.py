"""What is kept of protected fields: which data keys there are, and what tokens stand for.  NIST SP 800-57 part 1 §5.3; PCI DSS §3.7.4."""

import msgspec

from ringfence.clock import Instant


class FieldKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the key of a field: its name with the signer, who alone can unwrap it."""

    data_key: str
    tenant: str
    field: str
    """Resource, field, revision and purpose."""
    version: int
    """From 1."""
    uses: int = 0
    """Uses leased by workers so far: never fewer than were made."""
    created_at: Instant
    retired_at: Instant | None = None
    """Since when it only opens."""


class VaultToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token, and the value that it stands for, sealed."""

    token: str
    tenant: str
    field: str
    value_index: str = ""
    """Keyed hash of the value, where the same value is to get the same token."""
    sealed: str
    created_at: Instant
