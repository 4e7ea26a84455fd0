"""`/backchannel-requests`: what waits for customers' answers, for the bank's own application that asks them.  OpenID CIBA Core §8.

That application shows the customer every sentence it gets here, logs the customer in as strongly as is asked
for, and sends the hash of what was shown with the answer.
"""

from typing import Any

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import fault
from ringfence.clock import Instant
from ringfence.oauth.backchannel_decision import (
    Answerer,
    Question,
    allow_request,
    question_of,
    read_questions,
    refuse_request,
)
from ringfence.oauth.profile import Profile, compile_profile
from ringfence.oauth.tokens import ACR_PASSWORD, ACRS
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that a customer has given elsewhere."""

    user_id: str
    """Who has answered, as that application knows by its own login."""
    text_sha256: str
    """Of what was shown: as it stood in the listing."""
    acr: str = ACR_PASSWORD
    """How strongly the customer had logged in."""
    authenticated_at: Instant | None = None
    """When; absent: just now."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A request as its customer has to read it."""

    consent_id: str
    client_id: str
    client_name: str
    user_id: str
    customer: str
    asked: list[dict[str, Any]]
    """Each sentence, with the facts that it leaves out."""
    binding_message: str
    acr_values: list[str]
    text_sha256: str
    created_at: Instant
    expires_at: Instant


def backchannel_request_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    profile = compile_profile(policy)

    async def pending(call: Call) -> Answer:
        requests = await call.ports.records.pending_backchannel_requests(call.query.get("user_id", ""), call.now)
        questions = await read_questions(requests, profile, call.ports.records, call.now)
        return Answer(Listing([_view(question) for question in questions]))

    async def allow(call: Call) -> Answer:
        question, by = await _answered(call, profile)
        grant = await allow_request(question, by, profile, call.ports, call.now, call.correlation)
        call.acted("backchannel-request.allowed", question.request.consent_id)
        return Answer({"consent_id": question.request.consent_id, "state": "allowed", "grant_id": grant.grant_id})

    async def refuse(call: Call) -> Answer:
        question, by = await _answered(call, profile)
        await refuse_request(question, by, call.ports, call.now, call.correlation)
        call.acted("backchannel-request.refused", question.request.consent_id)
        return Answer({"consent_id": question.request.consent_id, "state": "refused"})

    return [
        route(ports, "GET", "/backchannel-requests", pending, query=("user_id",)),
        route(ports, "POST", "/backchannel-requests/{consent_id}/allow", allow),
        route(ports, "POST", "/backchannel-requests/{consent_id}/refuse", refuse),
    ]


async def _answered(call: Call, profile: Profile) -> tuple[Question, Answerer]:
    given = call.read(Given)
    if given.acr not in ACRS:
        raise fault("/acr", f"is one of {', '.join(ACRS)}")
    authenticated_at = call.now if given.authenticated_at is None else given.authenticated_at
    if not 0 <= authenticated_at <= call.now:
        raise fault("/authenticated_at", "is a time that has been")
    question = await question_of(call.path["consent_id"], given.user_id, profile, call.ports.records, call.now)
    if given.text_sha256 != question.text_sha256:
        raise Refused(Reason.CONFLICT, "the customer was shown another text: read it again and show it")
    acr = "" if given.acr == ACR_PASSWORD else given.acr
    return question, Answerer(authenticated_at, acr)


def _view(question: Question) -> View:
    request = question.request
    return View(
        consent_id=request.consent_id,
        client_id=request.client_id,
        client_name=question.client.name,
        user_id=question.user.user_id,
        customer=question.user.name or question.user.username,
        asked=[{"sentence": one.sentence, "facts": dict(one.facts)} for one in question.wordings],
        binding_message=request.binding_message,
        acr_values=question.asked.acr_values.split(),
        text_sha256=question.text_sha256,
        created_at=request.created_at,
        expires_at=request.expires_at,
    )
