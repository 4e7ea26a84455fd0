"""The text of tokens: random, and never mistaken for what they stand for.  PCI DSS §3.5.1; RFC 9562 §5.4."""

import uuid
from typing import Final, Literal

from ringfence.ids import Random

Form = Literal["uuid", "last4"]

SHORTEST: Final = 20
"""Characters of a `last4` token at least: 15 random ones of 32 are 75 bits."""

_LETTERS: Final = "ABCDEFGHJKLMNPQR"
_LETTERS_AND_DIGITS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_KEPT: Final = 4
_LEAST_VALUE: Final = 12
"""A shorter value would be told half by its last four characters."""


def new_token(form: Form, value: str, random: Random) -> str:
    """Return a fresh token.

    `last4` begins with a letter, so it is no card number and passes no check of one; of a value shorter than twelve
    characters nothing is kept.
    """
    if form == "uuid":
        return str(uuid.UUID(bytes=random(16), version=4))
    end = value[-_KEPT:] if len(value) >= _LEAST_VALUE else ""
    count = SHORTEST - len(end)
    octets = random(count)
    first = _LETTERS[octets[0] % 16]
    return first + "".join(_LETTERS_AND_DIGITS[octet % 32] for octet in octets[1:]) + end
