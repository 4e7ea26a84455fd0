"""Answer with a code, in the query, and in no other way.  FAPI 2.0 SP §5.3.2.2-1; OAuth 2.0 Multiple Response Types §2.1."""

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused


def require_code(parameters: Form) -> None:
    """Return if a code is asked for, to be sent in the query.

    Raises:
        Refused: RESPONSE_TYPE_UNSUPPORTED for another response_type, OAUTH_REQUEST for none or
            another response_mode.
    """
    asked = parameters.get("response_type", "")
    if not asked:
        raise Refused(Reason.OAUTH_REQUEST, "response_type is missing")
    if asked != "code":
        raise Refused(Reason.RESPONSE_TYPE_UNSUPPORTED)
    if parameters.get("response_mode", "query") != "query":
        raise Refused(Reason.OAUTH_REQUEST, "only response_mode=query is taken")
