"""Take keys that lay in files into the signer's keeping, and the files away."""

from pathlib import Path

import structlog

from ringfence.audit.note import ML_DSA_44
from ringfence.audit.ports import CannotSign
from ringfence.ids import new_id
from ringfence.keys.keeper import Keeper
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.checkpoint_files import read_key
from ringfence.keys.providers.local import LocalSigner
from ringfence.keys.providers.sealed import PrivateKey, SealedKeys
from ringfence.keys.purposes import Kind
from ringfence.keys.records import KeyRecord
from ringfence.keys.ring import kid_of
from ringfence.keys.states import State
from ringfence.policy.places import Places

_log = structlog.get_logger("ringfence.signer")


def take_over_files(keeper: Keeper, where: Places) -> None:
    """Take over whatever lies in the files of an installation.  Raises KeyUnusable."""
    take_over(keeper, where.signing_key)
    take_over_checkpoints(keeper, where.checkpoint_key_ml_dsa)


def take_over(keeper: Keeper, path: Path) -> None:
    """Seal the token-signing key in `path` and make it the active one; nothing happens where there is no file.

    It is on the disk under its seal before its file is removed; killed in between, the next start removes it.
    A file beside a key of its purpose that there is already is left alone, and told.

    Raises:
        KeyUnusable: the file holds no such key, or others may read it.
    """
    if path.exists() and (local := _local(keeper, path)):
        signer = LocalSigner.load(path)
        _take(keeper, local, path, "token", Kind(signer.algorithm), signer.private)


def take_over_checkpoints(keeper: Keeper, path: Path) -> None:
    """Do the same with the ML-DSA-44 key of an audit log that was begun while the log's own process held it.

    Raises:
        KeyUnusable: the file holds no such key, or others may read it.
    """
    if path.exists() and (local := _local(keeper, path)):
        try:
            private = read_key(path, ML_DSA_44)
        except CannotSign as why:
            raise KeyUnusable(str(why)) from None
        _take(keeper, local, path, "checkpoint-pq", Kind.ML_DSA_44, private)


def _local(keeper: Keeper, path: Path) -> SealedKeys | None:
    local = keeper.backends.get("local")
    if isinstance(local, SealedKeys):
        return local
    _log.warning("a key file is left alone: new keys are made by another provider", path=str(path))
    return None


def _take(keeper: Keeper, local: SealedKeys, path: Path, purpose: str, kind: Kind, private: PrivateKey) -> None:
    label = new_id("key", keeper.random)
    handle = local.seal(private, kind, label)
    public = local.public(handle)
    kid = kid_of(public)
    there = keeper.ledger.keys(purpose)
    if not any(key.kid == kid for key in there):
        if there:
            _log.warning("a key file is left alone: there is a key already", path=str(path), purpose=purpose)
            return
        now = keeper.clock()
        key = KeyRecord(
            key_id=label,
            kid=kid,
            purpose=purpose,
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
    _log.info("took over a key; its file is removed", path=str(path), purpose=purpose, kid=kid)
