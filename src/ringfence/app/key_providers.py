"""Open the key providers that a policy names; the code of one that it does not name is not loaded."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from ringfence.ids import system_random
from ringfence.keys.backend import KeyBackend
from ringfence.keys.keeper import Settings
from ringfence.keys.ledger import Ledger
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.root import open_root
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import PURPOSES, SIGNING, TOKEN_ALGORITHMS, WRAPPING, Kind, Use
from ringfence.keys.rotation import rule_of
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.policy.signer_model import Seal, SignerPolicy
from ringfence.secret import Secret

B = TypeVar("B")

_OTHERS: Final = 0o077

_KINDS_OF: Final = {
    Use.TOKEN: TOKEN_ALGORITHMS,
    Use.SIGNATURE: SIGNING - {Kind.ML_DSA_44},
    Use.WRAP: WRAPPING,
    Use.MAC: frozenset({Kind.HMAC256}),
    Use.OPEN: frozenset({Kind.OAEP256}),
}

_WITHOUT_EDDSA: Final = frozenset({"pkcs11", "aws_kms"})


def settings_of(policy: Policy) -> Settings:
    """Return what a policy says of new keys.  Raises KeyUnusable where it names a purpose that is none, say."""
    ours = policy.signer
    kinds = {name: row.kind for name, row in PURPOSES.items()}
    for name in (*ours.algorithms, *ours.keep_local, *ours.rotation):
        if name not in PURPOSES:
            raise KeyUnusable(f"signer: there is no purpose {name}: {', '.join(PURPOSES)} are")
    for name in (*ours.algorithms, *ours.rotation):
        if PURPOSES[name].of_log:
            raise KeyUnusable(f"signer: the audit log is known by its one key of {name}: none by age or algorithm")
    log_keys = ["checkpoint"] if ours.provider in _WITHOUT_EDDSA else []
    log_keys += ["checkpoint-pq"] if ours.provider != "local" and policy.audit.post_quantum else []
    if any(name not in ours.keep_local for name in log_keys):
        kinds_of = " and ".join(PURPOSES[name].kind for name in log_keys)
        raise KeyUnusable(
            f"signer.provider: {ours.provider} has no keys of {kinds_of}, which the audit log needs:"
            f" keep_local: [{', '.join(log_keys)}]"
        )
    for name, algorithm in ours.algorithms.items():
        kind = Kind(algorithm)
        if kind not in _KINDS_OF[PURPOSES[name].use]:
            raise KeyUnusable(f"signer.algorithms: keys of {name} are not of {algorithm}")
        if kind is Kind.HYBRID and ours.provider != "local" and name not in ours.keep_local:
            raise KeyUnusable(f"signer.algorithms: {ours.provider} has no keys of {algorithm}: keep_local: [{name}]")
        kinds[name] = kind
    kinds["token"] = Kind(policy.oauth.signing_algorithm)
    return Settings(
        kinds=kinds,
        providers={name: "local" if name in ours.keep_local else ours.provider for name in PURPOSES},
        rules={
            name: rule_of(name, ours.rotation[name].days, ours.rotation[name].uses)
            if name in ours.rotation
            else rule_of(name, None, None)
            for name in PURPOSES
        },
        publish_ahead=ours.publish_ahead_seconds,
        keep_published=ours.keep_published_seconds,
        tenants=frozenset(ours.tenant_keys),
    )


def open_backends(loaded: LoadedPolicy, ledger: Ledger) -> dict[str, KeyBackend]:
    """Return the providers by name: those that the policy names, and those that keys lie with already.

    Raises:
        KeyUnusable: one cannot be opened; the text says what to do.
    """
    settings = settings_of(loaded.policy)
    wanted = set(settings.providers.values()) | {key.provider for key in ledger.keys("")}
    return {name: _opened(name, loaded) for name in sorted(wanted)}


def _opened(name: str, loaded: LoadedPolicy) -> KeyBackend:
    where, ours = loaded.places, loaded.policy.signer
    if name == "local":
        root = open_root(where.root_key, read_passphrase(ours.seal, where, os.environ), system_random)
        return SealedKeys(root, system_random)
    try:
        return _OTHERS_BY_NAME[name](ours, where)
    except ImportError as error:
        raise KeyUnusable(
            f"signer.provider: {name} needs a package that is not installed ({error.name}): pip install"
            f" 'ringfence[{_EXTRAS[name]}]'"
        ) from None


def _pkcs11(ours: SignerPolicy, where: Places) -> KeyBackend:
    from ringfence.keys.providers.pkcs11 import Pkcs11Keys  # noqa: PLC0415 - an extra: loaded where it is named

    settings = _block(ours.pkcs11, "pkcs11")
    pin = read_secret(where.file(settings.pin_file), "signer.pkcs11.pin_file")
    return Pkcs11Keys(where.file(settings.library), settings.token, pin, system_random)


def _aws_kms(ours: SignerPolicy, _: Places) -> KeyBackend:
    from ringfence.keys.providers.aws_kms import AwsKmsKeys  # noqa: PLC0415 - the same

    settings = _block(ours.aws_kms, "aws_kms")
    return AwsKmsKeys(settings.region, settings.prefix, settings.endpoint)


def _vault(ours: SignerPolicy, where: Places) -> KeyBackend:
    from ringfence.keys.providers.vault import VaultKeys  # noqa: PLC0415 - the same

    settings = _block(ours.vault, "vault")
    authority = where.file(settings.authority) if settings.authority else None
    return VaultKeys(settings.url, where.file(settings.token_file), settings.mount, authority)


_OTHERS_BY_NAME: Final[dict[str, Callable[[SignerPolicy, Places], KeyBackend]]] = {
    "pkcs11": _pkcs11,
    "aws_kms": _aws_kms,
    "vault": _vault,
}

_EXTRAS: Final = {"pkcs11": "pkcs11", "aws_kms": "aws", "vault": "vault"}


def _block(settings: B | None, name: str) -> B:
    if settings is None:
        raise KeyUnusable(f"signer.{name}: the policy has no such block, and keys lie there")
    return settings


def read_passphrase(seal: Seal, where: Places, environment: Mapping[str, str]) -> Secret | None:
    """Return the passphrase of the root key, or None where the policy names none.  Raises KeyUnusable."""
    if seal.credential:
        directory = environment.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise KeyUnusable("signer.seal.credential: systemd has given this process no credentials")
        return read_secret(Path(directory) / seal.credential, "signer.seal.credential", private=False)
    if seal.passphrase_file:
        return read_secret(where.file(seal.passphrase_file), "signer.seal.passphrase_file")
    return None


def read_secret(path: Path, what: str, *, private: bool = True) -> Secret:
    """Return the one line of a file.  Raises KeyUnusable, also where others may read it."""
    try:
        if private and path.stat().st_mode & _OTHERS:
            raise KeyUnusable(f"{what}: {path} can be read or written by others: chmod 600 it")
        text = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"{what}: {path} cannot be read: {error}") from None
    if not text:
        raise KeyUnusable(f"{what}: {path} is empty")
    return Secret(text)
