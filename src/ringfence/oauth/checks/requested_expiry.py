"""Give a request without a redirect the time that its client asks for, within bounds.  OpenID CIBA Core §7.1."""

import re
from typing import Final

from ringfence.oauth.forms import Form
from ringfence.policy.backchannel_model import Ciba
from ringfence.problem import Reason, Refused

_SECONDS: Final = re.compile(r"[1-9][0-9]{0,8}")


def require_expiry(parameters: Form, bounds: Ciba) -> int:
    """Return for how many seconds the request can be answered.  Raises Refused OAUTH_REQUEST."""
    asked = parameters.get("requested_expiry", "")
    if not asked:
        return bounds.request_seconds
    if not _SECONDS.fullmatch(asked):
        raise Refused(Reason.OAUTH_REQUEST, "requested_expiry is a whole number of seconds, from 1")
    return min(int(asked), bounds.longest_request_seconds)
