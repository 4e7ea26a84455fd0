"""Is the customer's login strong and new enough for this call?  RFC 9470 §3; RFC 9068 §2.2.1."""

from ringfence.clock import Instant
from ringfence.problem import MEANINGS, Reason, Refused
from ringfence.proofs.access_token import AccessToken


def require_login(
    token: AccessToken, acrs: tuple[str, ...], max_age: int | None, challenge: str, now: Instant
) -> AccessToken:
    """Return the token if its login will do.

    Args:
        token: says how and when the customer logged in; one that says nothing will not do.
        acrs: classes of login any of which will do; empty: any.
        max_age: how long ago the login may be, in seconds; None: any time.
        challenge: the `WWW-Authenticate` value without an error.
        now: the present.

    Raises:
        Refused: AUTHENTICATION_INSUFFICIENT, with what to ask the authorization server for.
    """
    strong = not acrs or token.acr in acrs
    new = max_age is None or (token.auth_time is not None and now - token.auth_time <= max_age)
    if strong and new:
        return token
    detail = "ask for another authorization with these acr_values and this max_age"
    wanted = login_challenge(challenge, acrs, max_age)
    raise Refused(Reason.AUTHENTICATION_INSUFFICIENT, detail, headers=(("www-authenticate", wanted),))


def login_challenge(challenge: str, acrs: tuple[str, ...], max_age: int | None) -> str:
    """Return the `WWW-Authenticate` value that asks for another login.  RFC 9470 §3."""
    meaning = MEANINGS[Reason.AUTHENTICATION_INSUFFICIENT]
    wanted = [f'error="{meaning.oauth}"', f'error_description="{meaning.title}"']
    if acrs:
        wanted.append(f'acr_values="{" ".join(acrs)}"')
    if max_age is not None:
        wanted.append(f'max_age="{max_age}"')
    return ", ".join((challenge, *wanted))
