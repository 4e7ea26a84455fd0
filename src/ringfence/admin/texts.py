"""Names that people will read: nothing in them may change how the rest of a page or terminal reads."""

import unicodedata
from typing import Final

from ringfence.problem import Fault, Reason, Refused

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's general categories of control, format (bidirectional overrides, zero width), surrogate, private,
unassigned, and line and paragraph separators."""


def checked_name(text: str, at: str, longest: int) -> str:
    """Return `text` in Unicode's composed form (NFC).

    Args:
        text: what came.
        at: the member it came in, as a JSON pointer.
        longest: in characters.

    Raises:
        Refused: ADMIN_REQUEST if it is empty, too long, begins or ends with a space, or holds a character
            that is not shown.
    """
    composed = unicodedata.normalize("NFC", text)
    if not 0 < len(composed) <= longest:
        raise fault(at, f"has 1 to {longest} characters")
    if composed != composed.strip():
        raise fault(at, "begins or ends with a space")
    for character in composed:
        if unicodedata.category(character) in _INVISIBLE or (character.isspace() and character != " "):
            raise fault(at, f"holds the character U+{ord(character):04X}, which is not shown as one")
    return composed


def fault(at: str, message: str) -> Refused:
    """Return the refusal of one member of a management request."""
    return Refused(Reason.ADMIN_REQUEST, faults=(Fault(at, message),))
