"""Which public keys are published now, in which order.  RFC 7517 §5; FAPI 2.0 SP §5.4.2."""

from typing import Any

from ringfence.clock import Instant, Seconds
from ringfence.keys.keeper import ring_order
from ringfence.keys.records import KeyRecord
from ringfence.keys.ring import public_key, published
from ringfence.keys.states import State


def jwks_of(keys: list[KeyRecord], keep: Seconds | None, now: Instant) -> dict[str, Any]:
    """Return the JWKS of a purpose: the key that signs, the one that will, and those whose signatures still live.

    Args:
        keys: of one purpose, in any state.
        keep: how long a deactivated key stays, in seconds; None: for good.
        now: the present.
    """
    shown = [key for key in ring_order(keys) if _lives(key, keep, now)]
    return published([public_key(key.public) for key in shown], {key.kid: key.kind.value for key in shown})


def _lives(key: KeyRecord, keep: Seconds | None, now: Instant) -> bool:
    if key.state is not State.DEACTIVATED or keep is None:
        return True
    return now < (key.deactivated_at or now) + keep
