"""Files about those who send us security events, read as they are at the moment: bearer tokens, and links to login names.  RFC 6750 §2.1."""

import re
from pathlib import Path
from typing import Final

from ringfence.secret import Secret
from ringfence.store.interface import Unavailable

SHORTEST: Final = 24
"""Characters of a token: 144 bits of base64 cannot be guessed."""

LARGEST_SECRET: Final = 8_192
LARGEST_LINKS: Final = 64 * 1024 * 1024
"""About a million customers."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")

_Version = tuple[int, int, int]


class TransmitterFiles:
    """Satisfies `oauth.signals.transmitters.TransmitterFiles`."""

    def __init__(self) -> None:
        """Have read nothing yet."""
        self._links: dict[str, tuple[_Version, dict[str, str]]] = {}

    def secret(self, path: str) -> Secret:
        """Return a bearer token.  Raises Unavailable where the file has none."""
        try:
            with Path(path).open("rb") as file:
                text = file.read(LARGEST_SECRET).decode("ascii", "replace").strip()
        except OSError as error:
            raise Unavailable(f"the token in {Path(path).name}: {error.strerror}") from error
        if len(text) < SHORTEST or not _TOKEN.fullmatch(text):
            raise Unavailable(f"the token in {Path(path).name} is none of {SHORTEST} characters or more")
        return Secret(text)

    def linked(self, path: str, value: str) -> str:
        """Return the login name that a value leads to, or `""`.  Raises Unavailable."""
        file = Path(path)
        try:
            found = file.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._links.get(path)
            if known is None or known[0] != version:
                if found.st_size > LARGEST_LINKS:
                    raise Unavailable(f"the links in {file.name} are more than {LARGEST_LINKS} bytes")
                known = self._links[path] = (version, _read(file.read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"the links in {file.name}: {error}") from error
        return known[1].get(value, "")


def _read(text: str) -> dict[str, str]:
    """Return names by what leads to them; what stands there twice with two names leads nowhere."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        value, comma, name = (part.strip() for part in line.rpartition(","))
        if comma and value and name and not line.startswith("#"):
            found[value] = name if found.get(value, name) == name else ""
    return found
