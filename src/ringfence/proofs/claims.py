"""Read single claims of a JWT: texts and times of the right type.  RFC 7519 §2, §4.1."""

from decimal import Decimal
from typing import Any, Final

from ringfence.clock import Instant
from ringfence.problem import Refused
from ringfence.proofs.jws import Kind

LATEST: Final = 100_000_000_000
"""The year 5138: a time beyond it was written in milliseconds or by an attacker."""


def text(claims: dict[str, Any], name: str, kind: Kind) -> str:
    """Return a claim that must be a text and not empty.

    Raises:
        Refused: `kind.malformed`.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(kind.malformed, f"the {kind.name} needs {name}, a text")
    return value


def optional_text(claims: dict[str, Any], name: str, kind: Kind) -> str:
    """Return a claim that may be absent, then `""`.

    Raises:
        Refused: `kind.malformed` if it is not a text.
    """
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise Refused(kind.malformed, f"the {kind.name}'s {name} is not a text")
    return value


def time(claims: dict[str, Any], name: str, kind: Kind) -> Instant:
    """Return a NumericDate that must be there.

    Raises:
        Refused: `kind.malformed`.
    """
    value = optional_time(claims, name, kind)
    if value is None:
        raise Refused(kind.malformed, f"the {kind.name} needs {name}, a time in seconds")
    return value


def optional_time(claims: dict[str, Any], name: str, kind: Kind) -> Instant | None:
    """Return a NumericDate, or None if it is absent.

    Raises:
        Refused: `kind.malformed` if it is not a number of seconds since 1970.
    """
    if name not in claims:
        return None
    value = claims[name]
    # bool is an int to Python, but `true` is no time
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= LATEST:
        raise Refused(kind.malformed, f"the {kind.name}'s {name} is not a time in seconds")
    return Instant(float(value))
