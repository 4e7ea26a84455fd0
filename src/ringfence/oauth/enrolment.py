"""The page where customers set up an authenticator and get their recovery codes.  NIST SP 800-63B-4 §4.1.2."""

from typing import Final

from ringfence.events.logins import AuthenticatorEnrolled
from ringfence.message import Response
from ringfence.oauth.answers import see_other
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.pages.authenticator import authenticator_page, enrolled_page
from ringfence.oauth.recovery_codes import kept_form, new_codes
from ringfence.oauth.second_factor import CODE_FIELD
from ringfence.oauth.sessions import bound_to_browser
from ringfence.oauth.throttle import throttle_own_page
from ringfence.oauth.totp import new_secret, read_secret, step_of
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

SECRET_FIELD: Final = "secret"  # noqa: S105 - a parameter's name
PASSWORD_FIELD: Final = "password"  # noqa: S105 - a parameter's name

_AGAIN: Final = (Reason.LOGIN_FAILED, Reason.SECOND_FACTOR, Reason.LOGIN_THROTTLED, Reason.OVERLOADED)


async def show_authenticator(exchange: Exchange, server: Server) -> Outcome:
    """Return the page with a fresh secret; whoever is not logged in is led to the login first."""
    if exchange.session is None:
        return Outcome(see_other(path_of(server.profile, Endpoint.MY_GRANTS)))
    user = await _customer(exchange, server)
    return Outcome(_page(user, new_secret(server.ports.random), exchange, server))


async def enrol(exchange: Exchange, server: Server) -> Outcome:
    """Keep the authenticator whose code was typed, and show the recovery codes, once.

    The password is asked for again: an open browser must not be enough to shut its owner out.

    Raises:
        Refused: OAUTH_REQUEST; CONFLICT for a customer who has an authenticator.
    """
    if exchange.session is None:
        return Outcome(see_other(path_of(server.profile, Endpoint.MY_GRANTS)))
    user = await _customer(exchange, server)
    if user.totp_secret:
        raise Refused(Reason.CONFLICT, "you have an authenticator already")
    secret = read_secret(exchange.parameters.get(SECRET_FIELD, ""))
    try:
        await throttle_own_page(user, exchange, server)
        await server.ports.passwords.verify(user.password_hash, exchange.parameters.get(PASSWORD_FIELD, ""))
        step = step_of("".join(exchange.parameters.get(CODE_FIELD, "").split()), secret, exchange.now)
    except Refused as refused:
        if refused.reason not in _AGAIN:
            raise
        return Outcome(_page(user, secret, exchange, server, refused))
    codes = new_codes(server.ports.random)
    sealed = server.ports.sealer.seal(secret, user.user_id)
    if not await server.ports.records.enrol_authenticator(user.user_id, sealed, step, kept_form(codes)):
        raise Refused(Reason.CONFLICT, "you have an authenticator already")
    server.ports.events.emit(
        AuthenticatorEnrolled(
            at=exchange.now,
            correlation=exchange.request.correlation,
            user=user.user_id,
            network=exchange.request.peer.address,
        )
    )
    return Outcome(enrolled_page(server.profile, server.ports.random, codes), user=user.user_id)


async def _customer(exchange: Exchange, server: Server) -> User:
    return settled(await server.ports.records.user(settled(exchange.session).user_id))


def _page(user: User, secret: bytes, exchange: Exchange, server: Server, refused: Refused | None = None) -> Response:
    token = bound_to_browser(exchange, Endpoint.MY_ENROL.name)
    return authenticator_page(server.profile, server.ports.random, user, secret, token, refused)
