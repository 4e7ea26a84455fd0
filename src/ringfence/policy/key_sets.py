"""Read the public keys that a policy names by file, so that they stand in the policy itself.  RFC 7517 §5."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from ringfence.policy.files import read_file
from ringfence.policy.mistakes import Mistake
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source


class KeySets(msgspec.Struct):
    """The key sets of one policy as they are read, and what was wrong with them."""

    where: Places
    source: Source
    files: list[Path] = []
    digests: list[bytes] = []
    """SHA-256 of each file's bytes."""
    mistakes: list[Mistake] = []

    def read(self, jwks: str | dict[str, Any], at: At) -> str | dict[str, Any]:
        """Return the set in the file that `jwks` names; what is no file's name, or cannot be used, as it is.

        Args:
            jwks: as the policy has it.
            at: where it stands there.
        """
        if not isinstance(jwks, str) or not jwks:
            return jwks
        file = self.where.file(jwks)
        try:
            raw = read_file(file)
            found = _key_set(raw)
        except (OSError, ValueError) as error:
            why = f"the key set {file} cannot be used: {getattr(error, 'strerror', None) or error}"
            self.mistakes.append(self.source.mistake(at, why, 'write the path of a file like {"keys": [...]}'))
            return jwks
        self.files.append(file)
        self.digests.append(hashlib.sha256(raw).digest())
        return found


def _key_set(raw: bytes) -> dict[str, Any]:
    """Return a JWK set; its keys are judged where they are used.  Raises ValueError."""
    document: dict[str, Any] = msgspec.json.decode(raw)
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise ValueError('it is no JSON object with an array "keys"')
    return document
