"""Show customers only a message that cannot be taken for another.  OpenID CIBA Core §7.1, §13; FAPI-CIBA §5.2.2.

The customer compares what two screens show. A character that is not seen, that turns the text round, or that
looks like one of another script would let two different messages look alike, or one look like words of the bank's.
"""

import re
import unicodedata
from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

NAME: Final = "binding_message"

LONGEST: Final = 100
"""Characters; CIBA asks for a relatively short text."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9À-ÖØ-öø-įĴ-ķĹ-ňŊ-ž .,:;/#()+&'%€£$_-]+")
"""Letters of the Latin script up to Latin Extended-A, without its ligatures, dotless i's kin and long s; digits; what
stands in amounts, references and names. No angle brackets, no quotation marks, no `@`, no line ends."""

_LINK: Final = re.compile(r"(://|\bwww\.)", re.IGNORECASE)


def require_binding_message(parameters: Form, *, needed: bool) -> str:
    """Return the message, in Unicode's composed form, or an empty text where none is needed and none given.

    Args:
        parameters: the request's parameters.
        needed: nothing else in the request tells the customer which one it is.

    Raises:
        Refused: OAUTH_REQUEST where it is needed and missing; BINDING_MESSAGE_INVALID.
    """
    message = unicodedata.normalize("NFC", parameters.get(NAME, ""))
    if not message:
        if needed:
            raise Refused(Reason.OAUTH_REQUEST, f"send a {NAME}, or authorization_details that say what it is about")
        return ""
    if len(message) > LONGEST:
        raise Refused(Reason.BINDING_MESSAGE_INVALID, f"it has at most {LONGEST} characters")
    if not _PLAIN.fullmatch(message) or message != unicodedata.normalize("NFKC", message):
        raise Refused(Reason.BINDING_MESSAGE_INVALID, "Latin letters, digits, spaces and .,:;/#()+&'%€£$_- are taken")
    if message != " ".join(message.split()) or _LINK.search(message):
        raise Refused(Reason.BINDING_MESSAGE_INVALID, "no space at its ends, no two together, and no address of a page")
    return message
