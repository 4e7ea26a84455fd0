"""Answer with a code, in the query, plain or signed, and in no other way.  FAPI 2.0 SP §5.3.2.2-1; OAuth 2.0 Multiple Response Types §2.1; JARM §2.3."""

from collections.abc import Collection

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused


def require_code(parameters: Form) -> None:
    """Return if a code is asked for.

    Raises:
        Refused: RESPONSE_TYPE_UNSUPPORTED for another response_type, OAUTH_REQUEST for none.
    """
    asked = parameters.get("response_type", "")
    if not asked:
        raise Refused(Reason.OAUTH_REQUEST, "response_type is missing")
    if asked != "code":
        raise Refused(Reason.RESPONSE_TYPE_UNSUPPORTED)


def require_response_mode(parameters: Form, allowed: Collection[str]) -> str:
    """Return the response mode: `jwt` for a signed answer, empty for a plain one.

    Args:
        parameters: the request's parameters.
        allowed: the modes that the client registered, of `query` and `jwt`; with one mode alone, that
            is what it gets without asking.

    Raises:
        Refused: OAUTH_REQUEST for a mode that is unknown or not the client's.
    """
    asked = parameters.get("response_mode", "")
    # for a code, `jwt` means `query.jwt` (JARM §2.3.4)
    mode = "jwt" if asked == "query.jwt" else asked
    if not mode:
        mode = "query" if "query" in allowed else "jwt"
    if mode not in allowed:
        known = ", ".join(allowed)
        raise Refused(Reason.OAUTH_REQUEST, f"the response modes of this client are: {known}")
    return "" if mode == "query" else mode
