"""The order of the steps, written once: which step runs at which endpoint, and what each endpoint does at the end."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from ringfence.oauth.asked_for import check_asked_for
from ringfence.oauth.authorize import begin, open_request
from ringfence.oauth.backchannel import check_backchannel, keep_backchannel
from ringfence.oauth.backchannel_page import show_requests, take_answer
from ringfence.oauth.blocked_network import refuse_blocked_network
from ringfence.oauth.clients import authenticate_client
from ringfence.oauth.endpoints import AUTHENTICATED, OWN_FORMS, OWN_PAGES, PAGES, Endpoint
from ringfence.oauth.enrolment import enrol, show_authenticator
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.forms import read_form, read_pairs
from ringfence.oauth.front_channel import take_front_channel
from ringfence.oauth.grant_management import manage_grant
from ringfence.oauth.interaction import (
    check_form_token,
    check_ticket,
    refuse_cross_site,
    show_page,
    take_consent,
    take_login,
)
from ringfence.oauth.introspect import introspect
from ringfence.oauth.jwks import publish_keys
from ringfence.oauth.logos import show_logo
from ringfence.oauth.logout import ask_to_log_out, log_out
from ringfence.oauth.manage_registration import manage_registration
from ringfence.oauth.metadata import describe
from ringfence.oauth.outside import come_back
from ringfence.oauth.own_page import end_own_session, show_own_page, take_own_login, withdraw
from ringfence.oauth.pages.passkey_form import script_response
from ringfence.oauth.par import bind_key, check_request, keep_request
from ringfence.oauth.passkey_page import (
    add_passkey,
    name_passkey,
    remove_passkey,
    renew_recovery_codes,
    show_passkeys,
)
from ringfence.oauth.payload_jwks import publish_payload_keys
from ringfence.oauth.possession import prove_possession
from ringfence.oauth.register import register
from ringfence.oauth.request_object import open_request_object
from ringfence.oauth.revoke import revoke
from ringfence.oauth.sessions import find_browser, find_own_session, find_session
from ringfence.oauth.signals.configuration import describe_transmitter, publish_set_keys
from ringfence.oauth.signals.own_subjects import add_subject, remove_subject
from ringfence.oauth.signals.poll import poll
from ringfence.oauth.signals.receive import receive
from ringfence.oauth.signals.streams import manage_stream
from ringfence.oauth.signals.verify import stream_status, verify_stream
from ringfence.oauth.token import check_grant_type, issue_tokens
from ringfence.oauth.userinfo import tell_user
from ringfence.problem import Reason, Refused

StepFunction = Callable[[Exchange, Server], Awaitable[Exchange]]
Action = Callable[[Exchange, Server], Awaitable[Outcome]]

FORMS: Final = AUTHENTICATED | {Endpoint.LOGIN, Endpoint.CONSENT} | OWN_FORMS
VISITS: Final = frozenset({Endpoint.AUTHORIZE, Endpoint.INTERACTION, Endpoint.CONTINUE})
ASKING: Final = frozenset({Endpoint.PAR, Endpoint.BACKCHANNEL})
"""Where clients ask a customer for something: what can be asked for is the same at each."""


class Step(msgspec.Struct, frozen=True):
    """One step, and the endpoints at which it runs."""

    run: StepFunction
    endpoints: frozenset[Endpoint]


async def take_query(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with the URL's parameters.

    OpenID Connect Core §3.1.2.1 lets a client post its request: then they are in the body.

    Raises:
        Refused: as reading parameters does.
    """
    if exchange.request.method == "POST":
        return await take_form(exchange, server)
    return msgspec.structs.replace(exchange, parameters=read_pairs(exchange.request.query))


async def take_form(exchange: Exchange, server: Server) -> Exchange:  # noqa: ARG001 - every step has one signature
    """Return the exchange with the body's parameters; a POST has none in its URL.  Raises Refused."""
    if exchange.request.query:
        raise Refused(Reason.OAUTH_REQUEST, "send parameters in the body, not in the URL")
    return msgspec.structs.replace(exchange, parameters=read_form(exchange.request))


async def publish_script(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the pages' script."""
    return Outcome(script_response())


STEPS: Final[tuple[Step, ...]] = (
    Step(refuse_blocked_network, AUTHENTICATED | {Endpoint.LOGIN, Endpoint.MY_LOGIN}),
    Step(take_query, VISITS | {Endpoint.END_SESSION}),
    Step(take_form, FORMS),
    Step(authenticate_client, AUTHENTICATED),
    Step(check_grant_type, frozenset({Endpoint.TOKEN})),
    Step(open_request_object, ASKING),
    Step(check_asked_for, ASKING),
    Step(check_request, frozenset({Endpoint.PAR})),
    Step(check_backchannel, frozenset({Endpoint.BACKCHANNEL})),
    Step(prove_possession, frozenset({Endpoint.PAR, Endpoint.TOKEN})),
    Step(bind_key, frozenset({Endpoint.PAR})),
    Step(refuse_cross_site, OWN_FORMS | {Endpoint.LOGIN, Endpoint.CONSENT}),
    Step(take_front_channel, frozenset({Endpoint.AUTHORIZE})),
    Step(open_request, PAGES),
    Step(find_browser, PAGES | OWN_PAGES),
    Step(find_session, PAGES),
    Step(find_own_session, OWN_PAGES),
    Step(check_ticket, frozenset({Endpoint.INTERACTION})),
    Step(check_form_token, OWN_FORMS | {Endpoint.LOGIN, Endpoint.CONSENT}),
)
"""Read from top to bottom; a step whose endpoints do not hold the request's is passed over."""

ACTIONS: Final[dict[Endpoint, Action]] = {
    Endpoint.PAR: keep_request,
    Endpoint.BACKCHANNEL: keep_backchannel,
    Endpoint.AUTHORIZE: begin,
    Endpoint.INTERACTION: show_page,
    Endpoint.LOGIN: take_login,
    Endpoint.CONSENT: take_consent,
    Endpoint.CONTINUE: come_back,
    Endpoint.TOKEN: issue_tokens,
    Endpoint.INTROSPECTION: introspect,
    Endpoint.REVOCATION: revoke,
    Endpoint.USERINFO: tell_user,
    Endpoint.GRANT: manage_grant,
    Endpoint.MY_GRANTS: show_own_page,
    Endpoint.MY_LOGIN: take_own_login,
    Endpoint.MY_WITHDRAW: withdraw,
    Endpoint.MY_SESSION_END: end_own_session,
    Endpoint.MY_REQUESTS: show_requests,
    Endpoint.MY_ANSWER: take_answer,
    Endpoint.END_SESSION: ask_to_log_out,
    Endpoint.LOGOUT: log_out,
    Endpoint.MY_AUTHENTICATOR: show_authenticator,
    Endpoint.MY_ENROL: enrol,
    Endpoint.REGISTRATION: register,
    Endpoint.REGISTERED: manage_registration,
    Endpoint.LOGO: show_logo,
    Endpoint.MY_PASSKEYS: show_passkeys,
    Endpoint.MY_PASSKEY_ADD: add_passkey,
    Endpoint.MY_PASSKEY_NAME: name_passkey,
    Endpoint.MY_PASSKEY_REMOVE: remove_passkey,
    Endpoint.MY_RECOVERY: renew_recovery_codes,
    Endpoint.PASSKEY_SCRIPT: publish_script,
    Endpoint.JWKS: publish_keys,
    Endpoint.PAYLOAD_JWKS: publish_payload_keys,
    Endpoint.SIGNALS_JWKS: publish_set_keys,
    Endpoint.SIGNALS_STREAMS: manage_stream,
    Endpoint.SIGNALS_STATUS: stream_status,
    Endpoint.SIGNALS_VERIFY: verify_stream,
    Endpoint.SIGNALS_ADD: add_subject,
    Endpoint.SIGNALS_REMOVE: remove_subject,
    Endpoint.SIGNALS_POLL: poll,
    Endpoint.SIGNALS_RECEIVE: receive,
    Endpoint.SIGNALS_METADATA: describe_transmitter,
    Endpoint.METADATA: describe,
    Endpoint.OIDC_METADATA: describe,
}
"""What an endpoint does once its steps have passed."""


def steps_of(endpoint: Endpoint) -> tuple[StepFunction, ...]:
    """Return an endpoint's steps in their order."""
    return tuple(step.run for step in STEPS if endpoint in step.endpoints)
