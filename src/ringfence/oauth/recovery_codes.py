"""Codes for the day on which the authenticator is lost, each good once.  NIST SP 800-63B-4 §3.1.2."""

import base64
from typing import Final

from ringfence.ids import Random, token_hash
from ringfence.problem import Reason, Refused

HOW_MANY: Final = 10
CODE_BYTES: Final = 10
"""80 bits: enough for a plain hash (NIST SP 800-63B-4 §3.1.2.2 asks for 64)."""

_GROUP: Final = 4


def new_codes(random: Random) -> tuple[str, ...]:
    """Return fresh codes as customers write them down: four groups of four letters and digits."""
    texts = (base64.b32encode(random(CODE_BYTES)).decode("ascii").lower() for _ in range(HOW_MANY))
    return tuple("-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP)) for text in texts)


def kept_form(codes: tuple[str, ...]) -> str:
    """Return what is stored of codes: their hashes."""
    return " ".join(token_hash(_plain(code)) for code in codes)


def without(kept: str, code: str) -> str:
    """Return what is stored once a code has been used.

    Raises:
        Refused: SECOND_FACTOR, if it is none of them.
    """
    hashes, used = kept.split(), token_hash(_plain(code))
    if used not in hashes:
        raise Refused(Reason.SECOND_FACTOR, "the code is not right")
    return " ".join(one for one in hashes if one != used)


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()
