"""Say what a request does to a grant: make one, add to one, or put itself in its place.  FAPI 2.0 Grant Management §5; draft-ietf-oauth-grant-management."""

from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

ACTIONS: Final = ("create", "merge", "replace")
CHANGES: Final = ("merge", "replace")
"""Actions on a grant that is there."""

_LONGEST_ID: Final = 128


def require_grant_action(parameters: Form) -> tuple[str, str]:
    """Return the action and the grant that it changes; both empty where the client manages no grants.

    Raises:
        Refused: OAUTH_REQUEST for an unknown action, a `grant_id` that is missing or has no place.
    """
    action, grant_id = parameters.get("grant_management_action", ""), parameters.get("grant_id", "")
    if action and action not in ACTIONS:
        raise Refused(Reason.OAUTH_REQUEST, f"grant_management_action is one of {', '.join(ACTIONS)}")
    if action in CHANGES and not grant_id:
        raise Refused(Reason.OAUTH_REQUEST, f"{action} needs a grant_id")
    if grant_id and action not in CHANGES:
        raise Refused(Reason.OAUTH_REQUEST, "grant_id goes with merge or replace")
    if len(grant_id) > _LONGEST_ID:
        raise Refused(Reason.GRANT_ID_INVALID)
    return action, grant_id
