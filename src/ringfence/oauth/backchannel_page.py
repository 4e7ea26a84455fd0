"""The page where customers answer what clients ask without a redirect.  OpenID CIBA Core §8; FAPI-CIBA §5.2.2."""

from typing import Final

from ringfence.events.logins import LoginDecided
from ringfence.message import Response
from ringfence.oauth.answers import see_other
from ringfence.oauth.backchannel_decision import (
    Answerer,
    Question,
    allow_request,
    question_of,
    read_questions,
    refuse_request,
)
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.login_events import login_decided
from ringfence.oauth.pages.consent import SHOWN_TEXT
from ringfence.oauth.pages.requests import requests_page
from ringfence.oauth.second_factor import require_code
from ringfence.oauth.sessions import bound_to_browser
from ringfence.oauth.tokens import ACR_TWO_FACTOR
from ringfence.problem import Reason, Refused

CONSENT_FIELD: Final = "consent"

_AGAIN: Final = (Reason.SECOND_FACTOR, Reason.LOGIN_THROTTLED, Reason.LOGIN_FAILED)
"""Refusals after which the customer may try once more, on the same page."""


async def show_requests(exchange: Exchange, server: Server) -> Outcome:
    """Return the page with what waits; whoever is not logged in is led to the login first."""
    if exchange.session is None:
        return Outcome(see_other(path_of(server.profile, Endpoint.MY_GRANTS)))
    return Outcome(await _page(exchange, server))


async def take_answer(exchange: Exchange, server: Server) -> Outcome:
    """Do what the customer decided; show the page again where its text has changed since, or the code was wrong.

    Raises:
        Refused: NOT_FOUND for what is not this customer's or waits no more; CONFLICT; OAUTH_REQUEST;
            AUTHENTICATION_UNMET.
    """
    if exchange.session is None:
        return Outcome(see_other(path_of(server.profile, Endpoint.MY_GRANTS)))
    parameters, now, correlation = exchange.parameters, exchange.now, exchange.request.correlation
    user_id, records = exchange.session.user_id, server.ports.records
    question = await question_of(parameters.get(CONSENT_FIELD, ""), user_id, server.profile, records, now)
    again = see_other(path_of(server.profile, Endpoint.MY_REQUESTS))
    if parameters.get(SHOWN_TEXT) != question.text_sha256:
        return Outcome(again)
    match parameters.get("decision"):
        case "allow":
            try:
                by = await _answerer(question, exchange, server)
            except Refused as refused:
                if refused.reason not in _AGAIN:
                    raise
                server.ports.events.emit(_failed(question, exchange, server, refused))
                return Outcome(await _page(exchange, server, question, refused))
            grant = await allow_request(question, by, server.profile, server.ports, now, correlation)
            return Outcome(again, grant.grant_id, user_id)
        case "deny":
            by = Answerer(exchange.session.authenticated_at, exchange.session.acr, exchange.request.peer.address)
            await refuse_request(question, by, server.ports, now, correlation)
            return Outcome(again, user=user_id)
        case _:
            raise Refused(Reason.OAUTH_REQUEST, "the decision is allow or deny")


async def _answerer(question: Question, exchange: Exchange, server: Server) -> Answerer:
    """Return how the customer has logged in; a fresh second factor is part of the answer where the client wants two.

    Raises:
        Refused: AUTHENTICATION_UNMET for a customer without an authenticator; as `require_code`.
    """
    session, network = settled(exchange.session), exchange.request.peer.address
    if not question.needs_two_factor:
        return Answerer(session.authenticated_at, session.acr, network)
    if not question.user.totp_secret:
        raise Refused(Reason.AUTHENTICATION_UNMET, "set up an authenticator first")
    await require_code(question.user, exchange, server)
    return Answerer(session.authenticated_at, ACR_TWO_FACTOR, network)


def _failed(question: Question, exchange: Exchange, server: Server, refused: Refused) -> LoginDecided:
    """Return the event of a second factor that was not taken: guesses are on record, here as at the login."""
    user, client = question.user, question.client.client_id
    reason = refused.reason.value
    return login_decided(exchange, server, user.username, user=user.user_id, client=client, reason=reason)


async def _page(
    exchange: Exchange, server: Server, tried: Question | None = None, refused: Refused | None = None
) -> Response:
    records, user_id = server.ports.records, settled(exchange.session).user_id
    pending = await records.pending_backchannel_requests(user_id, exchange.now)
    questions = await read_questions(pending, server.profile, records, exchange.now)
    return requests_page(
        server.profile,
        server.ports.random,
        questions=questions,
        token=bound_to_browser(exchange, Endpoint.MY_ANSWER.name),
        tried=tried.request.consent_id if tried else "",
        refused=refused,
    )
