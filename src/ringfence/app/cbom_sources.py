"""Where keys and certificates of an installation are found besides the signer's ledger: its files, and what its partners registered.  RFC 7517 §4."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.policy.load import LoadedPolicy

LARGEST: Final = 1 << 20
"""Bytes of a file that is read for certificates."""

_LONGEST_PATH: Final = 4096


class KeyFile(msgspec.Struct, frozen=True):
    """A key in a file of its own; the file is not read."""

    path: Path
    private: bool
    """Whether it is half of a pair; else it is a secret key."""


class PartnerKey(msgspec.Struct, frozen=True):
    """A public key that a partner registered."""

    client_id: str
    jwk: dict[str, Any]


def certificate_files(loaded: LoadedPolicy) -> list[Path]:
    """Return the files that the policy names and that hold certificates: of listeners, authorities, sinks, providers."""
    names = {text for text in _texts(msgspec.to_builtins(loaded.policy)) if 0 < len(text) < _LONGEST_PATH}
    files = {loaded.places.file(name) for name in names if "\n" not in name and "\0" not in name}
    return sorted(path for path in files if _holds_certificates(path))


def key_files(loaded: LoadedPolicy) -> list[KeyFile]:
    """Return the keys that lie beside the ledger: of pairwise subjects, second factors, receipts, listeners and so on."""
    found = []
    for directory in (loaded.places.keys, loaded.places.receipt_keys):
        try:
            paths = sorted(directory.iterdir())
        except OSError:
            continue
        found += [KeyFile(path, path.suffix == ".pem") for path in paths if path.suffix in {".key", ".pem"}]
    listeners = loaded.policy.listeners
    for listener in (listeners.public, listeners.mtls):
        if listener is not None:
            found.append(KeyFile(loaded.places.file(listener.tls.key), private=True))
    return list({one.path: one for one in found}.values())


def partner_keys(clients: Sequence[dict[str, Any]]) -> Iterator[PartnerKey]:
    """Return the public keys of clients, as the management API lists them; keys behind a `jwks_uri` are not fetched."""
    for client in clients:
        for jwk in (client.get("jwks") or {}).get("keys", ()):
            yield PartnerKey(client["client_id"], jwk)


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for member in value.values():
                yield from _texts(member)
        case list() | tuple():
            for member in value:
                yield from _texts(member)


def _holds_certificates(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= LARGEST and b"BEGIN CERTIFICATE" in path.read_bytes()
    except OSError:
        return False
