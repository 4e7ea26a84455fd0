"""What is known of a key beside its secret, and of the data keys under it."""

import msgspec

from ringfence.clock import Instant
from ringfence.keys.purposes import Kind
from ringfence.keys.states import State


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key: a row of the signer's ledger."""

    key_id: str
    """Its label with the provider: `key_…`."""
    kid: str
    """What a verifier knows it by: the RFC 7638 thumbprint of a published one, otherwise the id."""
    purpose: str
    kind: Kind
    provider: str
    handle: bytes
    """How the provider finds it; for `local` the sealed key itself."""
    public: bytes
    """DER; empty for a secret key."""
    state: State
    created_at: Instant
    activate_at: Instant
    """When it is to become active, where it is in pre-activation."""
    activated_at: Instant | None = None
    deactivated_at: Instant | None = None
    ended_at: Instant | None = None
    """Compromised or destroyed since."""
    uses: int = 0
    """Uses leased from it so far: never fewer than were made."""
    why: str = ""
    """The last change's reason."""
    origin: str = "made"
    """`made` by its provider, or `imported`."""

    def __repr__(self) -> str:
        """Return what names it; the handle may be a sealed key."""
        return f"KeyRecord({self.key_id!r}, {self.purpose!r}, {self.state.value!r})"


class DataKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A data key: wrapped, and bound to what it protects."""

    data_key: str
    key_id: str
    """The KEK it is wrapped by."""
    wrapped: bytes
    tenant: str
    field: str
    subject: str
    created_at: Instant


class Used(msgspec.Struct, frozen=True):
    """How often a role used a key for one operation, and when first and last."""

    key_id: str
    role: str
    operation: str
    count: int
    first_at: Instant
    last_at: Instant


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A rotation under way, as the journal has it: where it is, so that it can go on there."""

    journey_id: str
    purpose: str
    old: str
    """The key that is replaced; empty where the purpose had none."""
    new: str
    """The label of the key that replaces it, written down before the key is made."""
    kind: Kind
    provider: str
    end_as: State
    """What becomes of the old one: deactivated, or compromised."""
    activate_at: Instant
    why: str
    started_at: Instant
    rewrapped: int = 0
    finished_at: Instant | None = None
    taken_over_by: str = ""
    """The rotation that does what was left of this one when its new key was not to be used any more."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants what takes the approval of two others: a compromise, a shredding, an import for all tenants."""

    wish_id: str
    key_id: str
    why: str
    asked_by: str
    """`uid:<n>`."""
    asked_at: Instant
    expires_at: Instant
    journey_id: str = ""
    """What replaces the key; empty before it is approved, and where nothing had to be replaced."""
    done_at: Instant | None = None
    tenant: str = ""
    """Whose data keys are to be shredded; the key is one that wraps them."""
    shredded: int = 0
    """Data keys that were."""
    kind: str = ""
    """`import`: that a key from outside takes this one's place; empty: compromise, or to shred where there is a tenant."""
