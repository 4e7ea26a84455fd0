"""Does the token allow this operation?  RFC 6750 §3.1; RFC 9068 §4."""

from ringfence.gateway.stages import Authorized, Identified
from ringfence.problem import Reason, Refused


def authorize(identified: Identified) -> Authorized:
    """Check the operation's demands on scopes, customer and binding against the token.

    Raises:
        Refused: SCOPE_MISSING, USER_REQUIRED or SCHEME_MISMATCH.
    """
    demands = identified.located.operation.demands
    token = identified.token
    if not demands.scopes <= token.scopes:
        needed = " ".join(sorted(demands.scopes))
        raise Refused(
            Reason.SCOPE_MISSING,
            f"needed: {needed}",
            headers=(("www-authenticate", f'DPoP error="insufficient_scope", scope="{needed}"'),),
        )
    if demands.user_required and not token.user_id:
        raise Refused(Reason.USER_REQUIRED, "use a token from the authorization code flow")
    if demands.binding == "dpop" and identified.proof is None:
        raise Refused(Reason.SCHEME_MISMATCH, "this operation takes DPoP-bound tokens only")
    if demands.binding == "mtls" and not token.x5t_s256:
        raise Refused(Reason.SCHEME_MISMATCH, "this operation takes certificate-bound tokens only")
    return Authorized(identified)
