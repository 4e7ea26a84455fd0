"""Send the browser to an outside application to log in or to consent, and take the answer that it brings back.  OpenID Connect Core §3.1.2.3, §3.1.2.4.

The way there carries a challenge, the way back a verifier; each is a random value that counts once. The challenge is
bound to the browser that was sent, so an answer to it is worth nothing in another one: nobody is logged in as
somebody else by a link, and nobody's login ends up in a stranger's browser.
"""

from typing import Any, Final, Literal

import msgspec

from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.message import Response
from ringfence.oauth.answers import see_other, with_parameters
from ringfence.oauth.authorize import interaction_url, reference_of
from ringfence.oauth.checks.prompt import earliest_login
from ringfence.oauth.consent_text import TEXT_VERSION
from ringfence.oauth.consents import allow, propose_or_refuse, refuse, refuse_with
from ringfence.oauth.cookies import SESSION, set_cookie
from ringfence.oauth.exchange import Asked, Exchange, Outcome, Server, settled
from ringfence.oauth.login_events import login_decided
from ringfence.oauth.profile import INTERACTION_SECONDS
from ringfence.oauth.proposals import Proposal, read_asked
from ringfence.oauth.sessions import OutsideLogin, start_session
from ringfence.problem import Reason, Refused
from ringfence.store.challenges import LoginChallenge

VERIFIER: Final = "verifier"
"""Parameter of the way back."""

DENIED: Final = "access_denied"


async def send_to_login(exchange: Exchange, server: Server) -> Outcome:
    """Send the browser to the login application, with a challenge of its own."""
    asked, pushed = settled(exchange.asked), settled(exchange.pushed)
    earliest = earliest_login(asked.prompt, asked.max_age, asked_at=pushed.created_at, now=exchange.now)
    content = _request(exchange, asked) | {"login_after": earliest if earliest > 0 else None}
    return Outcome(await _send(exchange, server, "login", server.profile.login_url, content))


async def send_to_consent(exchange: Exchange, server: Server, proposal: Proposal) -> Outcome:
    """Send the browser to the consent application, with all that our own page would show."""
    session, payment = settled(exchange.session), proposal.payment
    content = _request(exchange, settled(exchange.asked)) | {
        "scopes": proposal.scopes,
        "authorization_details": proposal.details,
        "subject": session.user_id,
        "acr": session.acr,
        "customer": proposal.customer,
        "text": [[one.sentence, one.facts] for one in proposal.wordings],
        "text_version": TEXT_VERSION,
        "text_sha256": proposal.text_sha256,
        "payment": msgspec.to_builtins(payment) if payment else None,
    }
    return Outcome(await _send(exchange, server, "consent", server.profile.consent_url, content))


async def come_back(exchange: Exchange, server: Server) -> Outcome:
    """Take the answer that the browser brings: log in, allow, or lead back to the client with an error.

    Raises:
        Refused: SESSION_INVALID for a verifier that is unknown, used, of another browser or of another request.
    """
    presented = exchange.parameters.get(VERIFIER, "")
    if not exchange.browser or not presented:
        raise Refused(Reason.SESSION_INVALID)
    pushed = settled(exchange.pushed)
    answered = await server.ports.records.redeem_verifier(
        token_hash(presented), pushed.uri_hash, token_hash(exchange.browser), exchange.now
    )
    if answered is None:
        raise Refused(Reason.SESSION_INVALID, private="the verifier is not this browser's, or has been used")
    if answered.kind == "login":
        return Outcome(await _log_in(answered, exchange, server))
    return Outcome(await _consent(answered, exchange, server))


async def _log_in(answered: LoginChallenge, exchange: Exchange, server: Server) -> Response:
    answer = answered.answer
    if "error" in answer:
        return await refuse_with(exchange, server, answer["error"], answer["error_description"])
    user = await server.ports.records.user(answer["subject"])
    if user is None or user.status != "active":
        raise Refused(Reason.LOGIN_FAILED, private="the customer has been disabled or removed since")
    login = OutsideLogin(answer["acr"], " ".join(answer["amr"]), Instant(answer["auth_time"]))
    cookie = set_cookie(SESSION, await start_session(user, login.acr, exchange, server, login))
    server.ports.events.emit(login_decided(exchange, server, user.username, user=user.user_id))
    return see_other(interaction_url(exchange, server), (cookie,))


async def _consent(answered: LoginChallenge, exchange: Exchange, server: Server) -> Response:
    """Do what the customer decided, if it is the customer who is logged in, and the text has not changed since."""
    answer = answered.answer
    if exchange.session is None or exchange.session.user_id != answered.content["subject"]:
        return see_other(interaction_url(exchange, server))
    if answer.get("error", DENIED) != DENIED:
        return await refuse_with(exchange, server, answer["error"], answer["error_description"])
    proposal = await propose_or_refuse(exchange, server)
    if isinstance(proposal, Response):
        return proposal
    if proposal.text_sha256 != answered.content["text_sha256"]:
        return see_other(interaction_url(exchange, server))
    if "error" in answer:
        return await refuse(exchange, server, proposal)
    return await allow(exchange, server, proposal, " ".join(answer["amr"]))


def _request(exchange: Exchange, asked: Asked) -> dict[str, Any]:
    """Return what the application is told of the request in any case."""
    client = settled(exchange.client)
    return {
        "client_id": client.client_id,
        "client_name": client.name,
        "scopes": asked.scopes,
        "authorization_details": read_asked(asked),
        "acr_values": asked.acr_values.split(),
        "prompt": asked.prompt.split(),
    }


async def _send(
    exchange: Exchange, server: Server, kind: Literal["login", "consent"], url: str, content: dict[str, Any]
) -> Response:
    # the reference stands in it, so that the way back can name the request, whose hash alone is kept
    value = new_token(server.ports.random) + reference_of(exchange)
    now, pushed = exchange.now, settled(exchange.pushed)
    await server.ports.records.add_challenge(
        LoginChallenge(
            challenge_hash=token_hash(value),
            kind=kind,
            uri_hash=pushed.uri_hash,
            client_id=pushed.client_id,
            browser_hash=token_hash(exchange.browser),
            content=msgspec.to_builtins(content),
            created_at=now,
            expires_at=Instant(min(pushed.expires_at, now + INTERACTION_SECONDS)),
        )
    )
    return see_other(with_parameters(url, {f"{kind}_challenge": value}))
