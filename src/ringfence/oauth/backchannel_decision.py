"""Decide a request that came without a redirect: what the customer reads, then the answer, once.  OpenID CIBA Core §8, §9, §10."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from ringfence.clock import Instant
from ringfence.events.logins import ConsentDecided
from ringfence.ids import Random, new_id
from ringfence.oauth.checks.authorization_details import NAME, Details, read_details
from ringfence.oauth.consent_text import TEXT_VERSION, text_hash
from ringfence.oauth.exchange import Asked
from ringfence.oauth.ports import Events
from ringfence.oauth.profile import Profile
from ringfence.oauth.tokens import ACR_PASSWORD, ACR_TWO_FACTOR, grant_seconds
from ringfence.oauth.words import Wording, wordings
from ringfence.problem import Reason, Refused
from ringfence.store.backchannel_model import BackchannelRequest, Notice
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Records
from ringfence.store.model import Client, Consent, Grant, User

COMPARE: Final = "Check that this message stands where you started"
"""What is said with a binding message.  OpenID CIBA Core §7.1."""


class Deciding(Protocol):
    """What of the ports of authorization server and management API is needed here."""

    @property
    def records(self) -> Records:
        """The durable records."""
        ...

    @property
    def events(self) -> Events:
        """Where events go."""
        ...

    @property
    def random(self) -> Random:
        """For identifiers."""
        ...


class Question(msgspec.Struct, frozen=True):
    """A request as its customer reads it."""

    request: BackchannelRequest
    client: Client
    user: User
    asked: Asked
    details: Details
    wordings: tuple[Wording, ...]
    """The binding message first."""
    text_sha256: str
    """Of all that is read, the binding message too."""

    @property
    def needs_two_factor(self) -> bool:
        """Whether the client wants a login of two factors, and would not take a password."""
        values = self.asked.acr_values.split()
        return bool(values) and ACR_PASSWORD not in values


class Answerer(msgspec.Struct, frozen=True):
    """How the customer who answers has logged in."""

    authenticated_at: Instant
    acr: str
    """Empty: by password."""
    network: str = ""


async def question_of(consent_id: str, user_id: str, profile: Profile, records: Records, now: Instant) -> Question:
    """Return what a customer is asked.

    Args:
        consent_id: which request.
        user_id: whose it has to be.
        profile: the server's settings, with the words of scopes and details.
        records: where requests are.
        now: the present.

    Raises:
        Refused: NOT_FOUND, alike for requests that are unknown, another customer's, decided or over.
    """
    request = await records.backchannel_request_of(consent_id) if consent_id else None
    if request is None or not user_id or request.user_id != user_id or request.state != "pending":
        raise Refused(Reason.NOT_FOUND, "nothing of that name waits for an answer")
    questions = await read_questions([request], profile, records, now)
    if not questions:
        raise Refused(Reason.NOT_FOUND, "nothing of that name waits for an answer")
    return questions[0]


async def read_questions(
    requests: Sequence[BackchannelRequest], profile: Profile, records: Records, now: Instant
) -> list[Question]:
    """Return requests as their customers read them; without those that are over, or whose client is stopped."""
    found = []
    for request in requests:
        client, user = await records.client(request.client_id), await records.user(request.user_id)
        if client is None or client.status != "active" or user is None or user.status != "active":
            continue
        if now >= request.expires_at:
            continue
        asked = msgspec.convert(request.parameters, Asked)
        details = read_details({NAME: asked.authorization_details})
        said = wordings(asked.scopes, details, profile.scopes, profile.detail_types)
        if request.binding_message:
            said = (Wording(COMPARE, (("Message", request.binding_message),)), *said)
        hashed = text_hash(client.name, user.name or user.username, said)
        found.append(Question(request, client, user, asked, details, said, hashed))
    return found


async def allow_request(
    question: Question, by: Answerer, profile: Profile, ports: Deciding, now: Instant, correlation: str
) -> Grant:
    """Keep what the customer allows, with the grant that it becomes, and have the client pinged if it wants to be.

    Raises:
        Refused: AUTHENTICATION_UNMET; CONFLICT where another answer was quicker.
    """
    if question.needs_two_factor and by.acr != ACR_TWO_FACTOR:
        raise Refused(Reason.AUTHENTICATION_UNMET, "this has to be allowed with two factors")
    request, client = question.request, question.client
    waiting = request.expires_at - now
    grant = Grant(
        grant_id=new_id("grant", ports.random),
        client_id=client.client_id,
        user_id=question.user.user_id,
        scopes=question.asked.scopes,
        authorization_details=question.details,
        created_at=now,
        expires_at=Instant(now + grant_seconds(client, profile.lifetimes, waiting)),
    )
    consent = await _decided_consent(question, ConsentState.AUTHORISED, ports, now, grant)
    decided = msgspec.structs.replace(
        request,
        state="allowed",
        grant_id=grant.grant_id,
        authenticated_at=by.authenticated_at,
        acr=by.acr,
        decided_at=now,
    )
    # before it is kept: a consent that cannot be recorded is not given
    ports.events.emit(_event(question, by, now, correlation, grant.grant_id))
    if not await ports.records.allow_backchannel_request(decided, consent, grant, _ping(request, ports, now)):
        raise Refused(Reason.CONFLICT, "it has been answered already, or its time is over")
    ports.events.emit(consent_moved(consent, correlation, now))
    return grant


async def refuse_request(question: Question, by: Answerer, ports: Deciding, now: Instant, correlation: str) -> None:
    """Keep that the customer refuses, and have the client pinged if it wants to be.

    Raises:
        Refused: CONFLICT where another answer was quicker.
    """
    consent = await _decided_consent(question, ConsentState.REJECTED, ports, now, None)
    decided = msgspec.structs.replace(question.request, state="refused", decided_at=now)
    ports.events.emit(_event(question, by, now, correlation, ""))
    if not await ports.records.refuse_backchannel_request(decided, consent, _ping(question.request, ports, now)):
        raise Refused(Reason.CONFLICT, "it has been answered already, or its time is over")
    ports.events.emit(consent_moved(consent, correlation, now))


def _ping(request: BackchannelRequest, ports: Deciding, now: Instant) -> Notice | None:
    if not request.notification:
        return None
    return Notice(
        notice_id=new_id("ping", ports.random),
        kind="ping",
        client_id=request.client_id,
        sealed=request.notification,
        created_at=now,
        due_at=now,
        expires_at=request.expires_at,
    )


async def _decided_consent(
    question: Question, state: ConsentState, ports: Deciding, now: Instant, grant: Grant | None
) -> Consent:
    consent = await ports.records.consent(question.request.consent_id)
    if consent is None:
        raise Refused(Reason.CONFLICT, "its consent is gone")
    return msgspec.structs.replace(
        consent,
        user_id=question.user.user_id,
        grant_id=grant.grant_id if grant else "",
        state=state,
        text_version=TEXT_VERSION,
        text_sha256=question.text_sha256,
        decided_at=now,
        changed_at=now,
        expires_at=grant.expires_at if grant else consent.expires_at,
    )


def _event(question: Question, by: Answerer, now: Instant, correlation: str, grant: str) -> ConsentDecided:
    return ConsentDecided(
        at=now,
        correlation=correlation,
        allowed=bool(grant),
        user=question.user.user_id,
        client=question.client.client_id,
        scopes=question.asked.scopes,
        grant=grant,
        network=by.network,
    )
