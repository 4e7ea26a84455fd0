"""Names that people will read: nothing in them may change how the rest of a page or terminal reads."""

import re
import unicodedata
from typing import Final

from ringfence.problem import Fault, Reason, Refused

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's general categories of control, format (bidirectional overrides, zero width), surrogate, private,
unassigned, and line and paragraph separators."""


_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that Unicode shows as nothing (`Default_Ignorable_Code_Point` outside those categories), and the
braille pattern without dots: with one of them, two names look like one."""


def alike(text: str) -> str:
    """Return what a name has in common with those that look the same: width, case and repeated spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


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
        unseen = unicodedata.category(character) in _INVISIBLE or _BLANK.match(character)
        if unseen or (character.isspace() and character != " "):
            raise fault(at, f"holds the character U+{ord(character):04X}, which is not shown as one")
    return composed


def fault(at: str, message: str) -> Refused:
    """Return the refusal of one member of a management request."""
    return Refused(Reason.ADMIN_REQUEST, faults=(Fault(at, message),))
