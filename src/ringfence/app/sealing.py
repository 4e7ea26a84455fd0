"""Put the root key under the seal that the policy names, or under another one."""

from collections.abc import Mapping
from pathlib import Path

from ringfence.app.key_providers import read_passphrase, read_secret
from ringfence.app.ready import answers
from ringfence.ids import system_random
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.root import open_root, seal_root
from ringfence.policy.load import load


def seal(policy: Path, old_passphrase: Path | None, environment: Mapping[str, str]) -> None:
    """Seal the root key by the passphrase of `signer.seal`; without one there, the seal is taken off.

    Args:
        policy: the policy file.
        old_passphrase: a file with the passphrase that seals it now; None where none does.
        environment: names systemd's credentials.

    Raises:
        PolicyMistakes: the policy cannot be loaded.
        KeyUnusable: the signer runs, or a passphrase is wrong or missing.
    """
    loaded = load(policy)
    where = loaded.places
    if answers(where.signer_socket("admin")):
        raise KeyUnusable("the signer runs: stop Ringfence first")
    if not where.root_key.exists():
        raise KeyUnusable(f"{where.root_key} is not there yet: the first start makes it, sealed already")
    new = read_passphrase(loaded.policy.signer.seal, where, environment)
    old = read_secret(old_passphrase, "--old-passphrase-file") if old_passphrase else None
    seal_root(where.root_key, open_root(where.root_key, old, system_random), new, system_random)
