"""Does the token allow this operation?  RFC 6750 §3.1; RFC 9068 §4; RFC 9470 §3."""

from ringfence.clock import Instant
from ringfence.gateway.login_demands import require_login
from ringfence.gateway.stages import Authorized, Identified
from ringfence.problem import Reason, Refused


def authorize(identified: Identified, challenge: str, now: Instant) -> Authorized:
    """Check the operation's demands on scopes, customer, binding and login against the token.

    Args:
        identified: the call.
        challenge: the `WWW-Authenticate` value without an error.
        now: the present.

    Raises:
        Refused: SCOPE_MISSING, USER_REQUIRED, SCHEME_MISMATCH or AUTHENTICATION_INSUFFICIENT.
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
    require_login(token, demands.acr, demands.max_age_seconds, challenge, now)
    return Authorized(identified)
