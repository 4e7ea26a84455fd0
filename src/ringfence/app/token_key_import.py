"""Take a token-signing key that was made elsewhere into the signer's keeping, and its file away."""

from pathlib import Path

import structlog

from ringfence.ids import new_id
from ringfence.keys.keeper import Keeper
from ringfence.keys.providers.local import LocalSigner
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import Kind
from ringfence.keys.records import KeyRecord
from ringfence.keys.ring import kid_of
from ringfence.keys.states import State

_log = structlog.get_logger("ringfence.signer")


def take_over(keeper: Keeper, path: Path) -> None:
    """Seal the key in `path` and make it the active one; nothing happens where there is no file.

    It is on the disk under its seal before its file is removed; killed in between, the next start removes it.
    A file beside a token key that there is already is left alone, and told.

    Raises:
        KeyUnusable: the file holds no such key, or others may read it.
    """
    if not path.exists():
        return
    local = keeper.backends.get("local")
    if not isinstance(local, SealedKeys):
        _log.warning("a key file is left alone: new keys are made by another provider", path=str(path))
        return
    signer = LocalSigner.load(path)
    label = new_id("key", keeper.random)
    kind = Kind(signer.algorithm)
    handle = local.seal(signer.private, kind, label)
    public = local.public(handle)
    kid = kid_of(public)
    there = keeper.ledger.keys("token")
    if not any(key.kid == kid for key in there):
        if there:
            _log.warning("a key file is left alone: there is a token key already", path=str(path))
            return
        now = keeper.clock()
        key = KeyRecord(
            key_id=label,
            kid=kid,
            purpose="token",
            kind=kind,
            provider="local",
            handle=handle,
            public=public,
            state=State.ACTIVE,
            created_at=now,
            activate_at=now,
            activated_at=now,
            why="taken over from a file",
        )
        with keeper.ledger.change():
            keeper.ledger.add_key(key, "signer")
        keeper.changed(key)
    path.unlink()
    _log.info("took over a token-signing key; its file is removed", path=str(path), kid=kid)
