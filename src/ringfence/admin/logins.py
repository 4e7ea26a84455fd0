"""`/logins`: browsers that wait for an outside login application, and its answers to them."""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name, fault
from ringfence.clock import Instant
from ringfence.ids import new_token, token_hash
from ringfence.oauth.authorize import REFERENCE
from ringfence.oauth.endpoints import Endpoint, url_of
from ringfence.oauth.outside import DENIED, VERIFIER
from ringfence.oauth.profile import compile_profile
from ringfence.oauth.tokens import login_classes
from ringfence.policy.linking_model import AcrValue
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused, oauth_text
from ringfence.store.challenges import LoginChallenge
from ringfence.store.model import User

MOST_AT_ONCE: Final = 10_000
USUAL: Final = 1000

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{86}")
_TOKEN_CHARACTERS: Final = 43
"""A challenge is a random value and behind it the request's reference, each of so many characters."""

SLACK_SECONDS: Final = 10.0
"""How far a login may lie in the future: the application's clock is another one."""

_OURS: Final = "client_"
"""How the ids of clients begin: no customer's does (RFC 9068 §5)."""

ERRORS: Final = (
    DENIED,
    "login_required",
    "interaction_required",
    "account_selection_required",
    "unmet_authentication_requirements",
    "temporarily_unavailable",
    "server_error",
)
"""What the application may have the client told.  RFC 6749 §4.1.2.1; OpenID Connect Core §3.1.2.6; RFC 9470 §5."""

Method = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]


class Accepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer has logged in, or has consented."""

    subject: Annotated[str, Meta(pattern=r"^([!-~]{1,128})?$")] = ""
    """Who it is: a user id, or whatever the application knows the customer by; it becomes the user id."""
    name: str = ""
    acr: AcrValue | None = None
    amr: Annotated[tuple[Method, ...], Meta(max_length=8)] = ()
    """Authentication methods (RFC 8176 §2): of the login, or of the approval of a payment."""
    auth_time: float | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The client is told an error."""

    error: str = DENIED
    error_description: Annotated[str, Meta(max_length=200)] = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge as the application reads it; nothing in it lets anybody answer or come back."""

    kind: str
    created_at: Instant
    expires_at: Instant
    answered_at: Instant | None
    redeemed_at: Instant | None
    request: dict[str, Any]


def login_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    profile = compile_profile(policy)
    way_back = url_of(profile, Endpoint.CONTINUE)

    async def accept(call: Call) -> Answer:
        accepted, challenge = call.read(Accepted), await _known(call)
        _require_open(challenge)
        answer = (
            await _login(call, accepted, challenge, login_classes(profile))
            if challenge.kind == "login"
            else _consent(accepted, challenge)
        )
        return await _answered(call, challenge, answer, way_back, "accepted")

    async def reject(call: Call) -> Answer:
        rejected, challenge = call.read(Rejected), await _known(call)
        _require_open(challenge)
        if rejected.error not in ERRORS:
            raise fault("/error", f"is one of {', '.join(ERRORS)}")
        answer = {"error": rejected.error, "error_description": oauth_text(rejected.error_description)}
        return await _answered(call, challenge, answer, way_back, "rejected")

    return [
        route(ports, "GET", "/logins", _list, query=("limit",)),
        route(ports, "GET", "/logins/{challenge}", _show),
        route(ports, "POST", "/logins/{challenge}/accept", accept),
        route(ports, "POST", "/logins/{challenge}/reject", reject),
    ]


async def _list(call: Call) -> Answer:
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    found = await call.ports.records.list_challenges(call.now, limit)
    return Answer(Listing([_shown(one) for one in found]))


async def _show(call: Call) -> Answer:
    return Answer(_shown(await _known(call)))


def _shown(challenge: LoginChallenge) -> Shown:
    return Shown(
        kind=challenge.kind,
        created_at=challenge.created_at,
        expires_at=challenge.expires_at,
        answered_at=challenge.answered_at,
        redeemed_at=challenge.redeemed_at,
        request=challenge.content,
    )


async def _known(call: Call) -> LoginChallenge:
    value = call.path["challenge"]
    found = None
    if _CHALLENGE.fullmatch(value):
        found = await call.ports.records.challenge(token_hash(value), call.now)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "no browser waits with this challenge")
    return found


def _require_open(challenge: LoginChallenge) -> None:
    if challenge.answered_at is not None:
        raise Refused(Reason.CONFLICT, "the challenge has been answered")


async def _login(call: Call, accepted: Accepted, challenge: LoginChallenge, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the answer to a login, the customer's record made where there is none yet."""
    if not accepted.subject:
        raise fault("/subject", "says who has logged in")
    if accepted.acr is None or accepted.acr not in known:
        raise fault("/acr", f"is one of {', '.join(known)}")
    if not accepted.amr:
        raise fault("/amr", "names at least one method")
    at = call.now if accepted.auth_time is None else accepted.auth_time
    if not 0 < at <= call.now + SLACK_SECONDS:
        raise fault("/auth_time", "is a time in seconds since 1970, and not in the future")
    earliest = challenge.content["login_after"]
    if earliest is not None and at < earliest:
        raise fault("/auth_time", "lies before `login_after`: the client asks for a new login")
    records = call.ports.records
    if accepted.subject.startswith(_OURS) or await records.client(accepted.subject) is not None:
        raise fault("/subject", "could be a client's id")
    user = await records.user(accepted.subject)
    if user is None:
        name = checked_name(accepted.name, "/name", 128) if accepted.name else ""
        # without a password nobody logs in on our own pages
        new = User(
            user_id=accepted.subject, username=accepted.subject, password_hash="", name=name, created_at=call.now
        )
        await records.add_user(new)
        call.acted("user.added", accepted.subject)
    elif user.status != "active":
        raise Refused(Reason.CONFLICT, "the customer is disabled")
    return {
        "subject": accepted.subject,
        "acr": accepted.acr,
        "amr": accepted.amr,
        "auth_time": min(at, call.now),
    }


def _consent(accepted: Accepted, challenge: LoginChallenge) -> dict[str, Any]:
    if accepted.subject and accepted.subject != challenge.content["subject"]:
        raise fault("/subject", "is not the customer who is asked")
    if challenge.content["payment"] is not None and not accepted.amr:
        raise fault("/amr", "names the method by which the customer approved this payment")
    return {"amr": accepted.amr}


async def _answered(
    call: Call, challenge: LoginChallenge, answer: dict[str, Any], way_back: str, action: str
) -> Answer:
    """Keep an answer, once, and return where the application sends the browser."""
    verifier = new_token(call.ports.random)
    kept = msgspec.to_builtins(answer)
    if not await call.ports.records.answer_challenge(challenge.challenge_hash, kept, token_hash(verifier), call.now):
        raise Refused(Reason.CONFLICT, "the challenge has been answered")
    call.acted(f"{challenge.kind}.{action}", str(kept.get("subject", challenge.content.get("subject", ""))))
    reference = call.path["challenge"][_TOKEN_CHARACTERS:]
    return Answer({"redirect_to": f"{way_back}?{REFERENCE}={reference}&{VERIFIER}={verifier}"})
