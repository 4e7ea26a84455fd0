"""The customer's pages for one request: log in, then allow or refuse.  OpenID Connect Core §3.1.2.3, §3.1.2.4."""

from typing import Final

import msgspec

from ringfence.message import Response
from ringfence.oauth.answers import see_other
from ringfence.oauth.authorize import TICKET, interaction_url, reference_of
from ringfence.oauth.consents import allow, propose_or_refuse, refuse
from ringfence.oauth.cookies import SESSION, drop_cookie
from ringfence.oauth.endpoints import OWN_LOGIN_FORMS, Endpoint
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.login_forms import LOGIN_AGAIN, LoginPlace, form_of, show_login, take_login_form
from ringfence.oauth.logos import logo_path
from ringfence.oauth.outside import send_to_consent, send_to_login
from ringfence.oauth.pages.consent import SHOWN_TEXT, Approval, consent_page
from ringfence.oauth.payment_factor import require_payment_factor, ways_to_approve
from ringfence.oauth.proposals import Proposal
from ringfence.oauth.session_end import end_session
from ringfence.oauth.sessions import VISIT, require_bound
from ringfence.problem import Reason, Refused

FORM_TOKEN: Final = "form_token"  # noqa: S105 - a parameter's name

_OWN: Final = ("same-origin", "none")
"""`Sec-Fetch-Site` of our own forms; a reload of one counts as none."""

_NEED_SESSION: Final = OWN_LOGIN_FORMS | {
    Endpoint.CONSENT,
    Endpoint.MY_WITHDRAW,
    Endpoint.MY_SESSION_END,
    Endpoint.MY_ENROL,
    Endpoint.MY_ANSWER,
    Endpoint.LOGOUT,
}
"""Forms that do nothing for whoever is not logged in."""


async def refuse_cross_site(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange unless the browser says that another site sent the form.  Raises Refused SESSION_INVALID.

    A browser that says nothing is judged by the form token alone.
    """
    site = exchange.request.header("sec-fetch-site")
    if site is not None and site not in _OWN:
        raise Refused(Reason.SESSION_INVALID, private=f"form from {site[:32]}")
    return exchange


async def check_ticket(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange if this browser came by the authorization endpoint.  Raises Refused SESSION_INVALID."""
    require_bound(exchange, VISIT, exchange.parameters.get(TICKET, ""))
    return exchange


async def check_form_token(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange if the form came from our page in this browser and session.

    A form whose session has ended since passes without: it decides nothing but to log in again.

    Raises:
        Refused: SESSION_INVALID.
    """
    if exchange.endpoint in _NEED_SESSION and exchange.session is None:
        return exchange
    require_bound(exchange, exchange.endpoint.name, exchange.parameters.get(FORM_TOKEN, ""))
    return exchange


async def show_page(exchange: Exchange, server: Server) -> Outcome:
    """Return the consent page to a customer who is logged in, the login page to any other."""
    if exchange.session is None:
        if server.profile.login_url:
            return await send_to_login(exchange, server)
        return Outcome(show_login(exchange, server, _place(exchange, Endpoint.LOGIN)))
    proposal = await propose_or_refuse(exchange, server)
    if isinstance(proposal, Response):
        return Outcome(proposal)
    if server.profile.consent_url:
        return await send_to_consent(exchange, server, proposal)
    return Outcome(await _consent_page(exchange, server, proposal))


async def take_login(exchange: Exchange, server: Server) -> Outcome:
    """Log the customer in and lead on to the consent page, or show the login page with what went wrong.

    Raises:
        Refused: NOT_FOUND where customers log in elsewhere.
    """
    if server.profile.login_url:
        raise Refused(Reason.NOT_FOUND)
    place, onward = _place(exchange, Endpoint.LOGIN), interaction_url(exchange, server)
    return Outcome(await take_login_form(exchange, server, place, onward))


async def take_consent(exchange: Exchange, server: Server) -> Outcome:
    """Do what the customer decided: allow, deny, or go on as somebody else.

    Raises:
        Refused: REQUEST_URI_INVALID where it is decided already, OAUTH_REQUEST for another decision, NOT_FOUND
            where customers consent elsewhere.
    """
    if server.profile.consent_url:
        raise Refused(Reason.NOT_FOUND)
    if exchange.session is None:
        # the session ended while the page was open
        return Outcome(see_other(interaction_url(exchange, server)))
    match exchange.parameters.get("decision"):
        case "allow" | "deny" as decision:
            return Outcome(await _decide(decision, exchange, server))
        case "switch":
            correlation, network = exchange.request.correlation, exchange.request.peer.address
            await end_session(exchange.session, "another login", server.ports, exchange.now, correlation, network)
            nobody = msgspec.structs.replace(exchange, session=None)
            return Outcome(see_other(interaction_url(nobody, server), (drop_cookie(SESSION),)))
        case _:
            raise Refused(Reason.OAUTH_REQUEST, "the decision is allow, deny or switch")


async def _decide(decision: str, exchange: Exchange, server: Server) -> Response:
    """Return the way back to the client, or to the page again where its text has changed since it was shown."""
    proposal = await propose_or_refuse(exchange, server)
    if isinstance(proposal, Response):
        return proposal
    if exchange.parameters.get(SHOWN_TEXT) != proposal.text_sha256:
        return see_other(interaction_url(exchange, server))
    if decision == "deny":
        return await refuse(exchange, server, proposal)
    if proposal.payment is None:
        return await allow(exchange, server, proposal)
    try:
        factor = await require_payment_factor(proposal.text_sha256, exchange, server)
    except Refused as refused:
        if refused.reason not in LOGIN_AGAIN:
            raise
        return await _consent_page(exchange, server, proposal, refused)
    return await allow(exchange, server, proposal, factor)


async def _consent_page(
    exchange: Exchange, server: Server, proposal: Proposal, refused: Refused | None = None
) -> Response:
    logo = await logo_path(settled(exchange.client).client_id, server)
    form = msgspec.structs.replace(form_of(exchange, server, _place(exchange, Endpoint.CONSENT)), logo=logo)
    uri = settled(exchange.asked).redirect_uri
    shown = proposal.text_sha256
    if proposal.payment is None:
        return consent_page(form, proposal.customer, proposal.wordings, shown, uri)
    ways = await ways_to_approve(shown, exchange, server)
    approval = Approval(proposal.payment, app=ways.app, passkey=ways.passkey, refused=refused)
    return consent_page(form, proposal.customer, proposal.wordings, shown, uri, approval)


def _place(exchange: Exchange, action: Endpoint) -> LoginPlace:
    return LoginPlace(action, settled(exchange.client).name, reference_of(exchange))
