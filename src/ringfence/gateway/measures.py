"""What measures against an attack ask of a call: a login by a second factor since then, or a slower pace.  RFC 9470 §3."""

from ringfence.clock import Instant, Seconds
from ringfence.gateway.login_demands import login_challenge
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.store.measures import step_up_mark, throttle_mark


def step_up_marks(token: AccessToken) -> tuple[bytes, ...]:
    """Return the step-ups that a call has to fulfil; none where no customer stands behind it who could."""
    if not token.user_id:
        return ()
    marks = [step_up_mark("user", token.user_id), step_up_mark("client", token.client_id)]
    if token.grant_id:
        marks.append(step_up_mark("grant", token.grant_id))
    return tuple(marks)


def proved_at(token: AccessToken, acrs: tuple[str, ...]) -> Instant:
    """Return when the customer logged in, if that was by a class that fulfils a step-up; else 0."""
    return token.auth_time if token.auth_time is not None and token.acr in acrs else Instant(0.0)


def step_up_demanded(acrs: tuple[str, ...], challenge: str, age: Seconds) -> Refused:
    """Return the refusal that tells the client what to ask the authorization server for.

    Args:
        acrs: classes of login that will do.
        challenge: the `WWW-Authenticate` value without an error.
        age: since when the step-up stands; the login has to be newer.
    """
    return Refused(
        Reason.AUTHENTICATION_INSUFFICIENT,
        "something is wrong around this customer: ask for another authorization with these acr_values and this max_age",
        headers=(("www-authenticate", login_challenge(challenge, acrs, max(0, int(age)))),),
    )


def slowing(token: AccessToken, network: str, per: str) -> tuple[bytes, ...]:
    """Return what slows a bucket: measures against whom it belongs to, so that nobody else pays for them.

    Args:
        token: whose call it is.
        network: where it came from, as `networks.network_of` names it.
        per: what shares the bucket, as a limit says.
    """
    client = throttle_mark("client", token.client_id)
    user = throttle_mark("user", token.user_id) if token.user_id else client
    match per:
        case "client" | "operation":
            return (client,)
        case "user":
            return (user,)
        case "grant" | "consent":
            grant = throttle_mark("grant", token.grant_id) if token.grant_id else client
            return (grant, user, client)
        case "network":
            return (throttle_mark("network", network),)
        case _:
            return ()
