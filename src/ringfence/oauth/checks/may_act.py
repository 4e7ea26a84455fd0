"""Let a client act by another's token only where the policy says so, and with no more than it says.  RFC 8693 §2.1, §4.1, §5."""

from collections.abc import Collection, Sequence

from ringfence.oauth.checks.authorization_details import Details
from ringfence.oauth.checks.scope import BUILT_IN, narrow_scopes
from ringfence.oauth.forms import Form
from ringfence.policy.backchannel_model import MayAct
from ringfence.policy.details import TYPE
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import MOST_EXCHANGES, AccessToken


def require_may_act(actor: str, token: AccessToken, rules: Sequence[MayAct]) -> MayAct:
    """Return the rule by which a client may exchange a token.

    Args:
        actor: the client that exchanges.
        token: what it presents, live.
        rules: the policy's.

    Raises:
        Refused: CLIENT_UNAUTHORIZED without a rule; SUBJECT_TOKEN_INVALID for a token that no customer stands
            behind, that has been passed on too often, or that the client has had in its hands before.
    """
    rule = next((one for one in rules if one.actor == actor and token.client_id in one.tokens_of), None)
    if rule is None:
        raise Refused(Reason.CLIENT_UNAUTHORIZED, "the policy does not let it exchange this client's tokens")
    if not token.user_id:
        raise Refused(Reason.SUBJECT_TOKEN_INVALID, "no customer stands behind it")
    if actor in (token.client_id, *token.actors):
        raise Refused(Reason.SUBJECT_TOKEN_INVALID, "it has passed through this client's hands already")
    if len(token.actors) > MOST_EXCHANGES:  # the first client is one of them
        raise Refused(Reason.SUBJECT_TOKEN_INVALID, f"it has been exchanged {MOST_EXCHANGES} times already")
    return rule


def lesser_scopes(parameters: Form, held: Collection[str], rule: MayAct) -> tuple[str, ...]:
    """Return the scopes of the new token: those asked for, or all that both token and rule have.

    What opens endpoints of this server itself (`openid` and the like) is never passed on.

    Raises:
        Refused: SCOPE_INVALID for a scope that one of the two lacks.
    """
    most = tuple(scope for scope in rule.scopes if scope in held and scope not in BUILT_IN)
    return narrow_scopes(parameters, most)


def lesser_details(held: Details, rule: MayAct) -> Details:
    """Return the details of the types that may be passed on."""
    return tuple(detail for detail in held if detail[TYPE] in rule.authorization_details)
