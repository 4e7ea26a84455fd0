"""Shred what is protected for one tenant: its data keys go for good, then the key that wrapped them alone.  NIST SP 800-57 part 1 §8.3.4.

It takes a wish and two approvals, as a compromise does. Of each data key its name stays in the ledger.
"""

import re
from typing import Any, Final

import structlog

from ringfence.clock import Instant
from ringfence.custody.wire import SignerRefused
from ringfence.keys.backend import BackendGone
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import PURPOSES, Use
from ringfence.keys.records import KeyRecord, Wish
from ringfence.keys.rotation import moved
from ringfence.keys.schedule import destroy, is_shredded
from ringfence.keys.states import State
from ringfence.keys.tenants import MARK

_log = structlog.get_logger("ringfence.signer")

_TENANT: Final = re.compile(r"(?:client|user):[\x21-\x7e]{1,200}|shared")

_WRAPPING: Final = tuple(name for name, row in PURPOSES.items() if row.use is Use.WRAP)


def kept_for(keeper: Keeper, tenant: str) -> dict[str, Any]:
    """Return what is kept for a tenant: data keys by field.

    Raises:
        SignerRefused: that is no tenant, or nothing is kept for it.
    """
    if not _TENANT.fullmatch(tenant):
        raise SignerRefused("malformed", "a tenant is `client:` and an id, `user:` and an id, or `shared`")
    by_field = keeper.ledger.count_of(tenant)
    if not by_field:
        raise SignerRefused("unknown", "no data key is kept for this tenant")
    return {"tenant": tenant, "data_keys": sum(row["data_keys"] for row in by_field), "by_field": by_field}


def wrapping_key(keeper: Keeper, tenant: str) -> KeyRecord:
    """Return the key that a wish about a tenant stands under: its own, or the common one."""
    ledger = keeper.ledger
    for purpose in (*(f"{name}{MARK}{tenant}" for name in _WRAPPING), *_WRAPPING):
        if keys := ledger.keys(purpose):
            return keys[0]
    raise SignerRefused("unknown", "no data key is kept for this tenant")


async def shred(keeper: Keeper, wish: Wish, by: str, now: Instant) -> None:
    """Do what was approved, once however often it is asked for; a device that is gone destroys its key later.

    Raises:
        Unavailable: nothing was done.
    """
    for name in _WRAPPING:
        async with keeper.moving[f"{name}{MARK}{wish.tenant}"]:
            own = keeper.ledger.keys(f"{name}{MARK}{wish.tenant}")
            await _shred(keeper, wish, own, by, now)


async def _shred(keeper: Keeper, wish: Wish, own: list[KeyRecord], by: str, now: Instant) -> None:
    in_force = [key for key in own if key.state in {State.ACTIVE, State.SUSPENDED}]
    ended = [(moved(key, State.DEACTIVATED, now, wish.why), key.state) for key in in_force]
    if keeper.ledger.shred(wish, ended, by, now) is None:
        return
    for key, _ in ended:
        keeper.changed(key)
    keeper.on_change()
    keeper.tell()
    for key in own:
        again = keeper.ledger.key(key.key_id)
        if again is not None and is_shredded(keeper, again):
            try:
                await destroy(keeper, again, now, by, wish.why)
            except BackendGone as why:
                _log.error("a shredded tenant's key is destroyed later", key=key.key_id, why=str(why))
