"""The login page and its second step, at a request's pages and at the customer's own.  OpenID Connect Core §3.1.2.3."""

from typing import Final

import msgspec

from ringfence.message import Response
from ringfence.oauth.answers import see_other
from ringfence.oauth.cookies import SESSION, set_cookie
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.known_browser import known_since, remember
from ringfence.oauth.login import LoggedIn, SecondStep, log_in, passed_voucher
from ringfence.oauth.pages.login import login_page, second_step_page
from ringfence.oauth.pages.render import Form
from ringfence.oauth.passkey_use import ask_first, ask_second
from ringfence.oauth.sessions import bound_to_browser, start_session
from ringfence.problem import Reason, Refused

LOGIN_AGAIN: Final = (
    Reason.LOGIN_FAILED,
    Reason.SECOND_FACTOR,
    Reason.SECOND_FACTOR_LACKING,
    Reason.PASSKEY_INVALID,
    Reason.LOGIN_THROTTLED,
    Reason.OVERLOADED,
)
"""Refusals after which the customer may try once more, on the same page."""


class LoginPlace(msgspec.Struct, frozen=True):
    """Where a login stands: for a client's request, or for the customer's own page."""

    action: Endpoint
    client: str = ""
    """The client's name as registered; empty on the own page."""
    reference: str = ""
    leads_to: str = ""
    """Part of the own page that wants a fresh login."""


def show_login(exchange: Exchange, server: Server, place: LoginPlace, refused: Refused | None = None) -> Response:
    """Return the login page, with what went wrong the last time."""
    return login_page(form_of(exchange, server, place), ask_first(exchange, server), refused)


async def take_login_form(exchange: Exchange, server: Server, place: LoginPlace, onward: str) -> Response:
    """Return the way onward of a customer who has logged in, else the page that says what is missing.

    Args:
        exchange: the form.
        server: settings and ports.
        place: which login it is.
        onward: where the customer goes then.

    Raises:
        Refused: what no second try on the same page could mend.
    """
    try:
        done = await log_in(exchange, server)
    except Refused as refused:
        if refused.reason not in LOGIN_AGAIN:
            raise
        return show_login(exchange, server, place, refused)
    if isinstance(done, SecondStep):
        return await _second_step(done, exchange, server, place)
    return see_other(onward, await _cookies(done, exchange, server))


def form_of(exchange: Exchange, server: Server, place: LoginPlace) -> Form:
    """Return what a page needs for a form of this place."""
    return Form(
        profile=server.profile,
        random=server.ports.random,
        action=place.action,
        client=place.client,
        reference=place.reference,
        token=bound_to_browser(exchange, place.action.name),
        leads_to=place.leads_to,
    )


async def _cookies(done: LoggedIn, exchange: Exchange, server: Server) -> tuple[tuple[str, str], ...]:
    session = set_cookie(SESSION, await start_session(done.user, done.acr, exchange, server))
    since = known_since(exchange.request, done.user)
    return (session, remember(done.user, server.ports.random, exchange.now if since is None else since))


async def _second_step(step: SecondStep, exchange: Exchange, server: Server, place: LoginPlace) -> Response:
    return second_step_page(
        form_of(exchange, server, place),
        await ask_second(step.user, exchange, server),
        passed=passed_voucher(step, exchange, server),
        has_app=bool(step.user.totp_secret),
        has_recovery=bool(step.user.recovery_codes),
        refused=step.refused,
        tried=step.tried,
    )
