"""`/responses`: what detection does about alerts, within a bound; a person lets more go ahead, or takes it back."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.admin.response_acts import carry_out, named, take_back
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant
from ringfence.detect.playbook_acts import RUNG
from ringfence.events.detection import ResponseChanged
from ringfence.policy.model import Policy
from ringfence.problem import Fault, Reason, Refused
from ringfence.store.measures import LEAST_FACTOR, MOST_FACTOR
from ringfence.store.response_interface import ABOUT, ENDING, KeptResponse

LONGEST_SECONDS: Final = 30 * 86_400
LONGEST_TEXT: Final = 200
MOST_AT_ONCE: Final = 10_000
USUAL: Final = 200


class NewResponse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do."""

    kind: Literal["step-up", "throttle", "block", "revoke", "end-logins", "suspend", "open-case", "notify"]
    of: Literal["user", "client", "grant", "network", "channel"]
    value: str
    why: str
    seconds: Annotated[int, Meta(ge=0, le=LONGEST_SECONDS)] = 0
    factor: Annotated[float, Meta(ge=LEAST_FACTOR, le=MOST_FACTOR)] = LEAST_FACTOR
    alert: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""
    rule: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""
    playbook: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""
    by: str = ""
    hold: bool = False
    """Only a person lets it go ahead."""
    dry_run: bool = False
    """Only written down."""


def response_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    most = policy.watch.responses_per_hour

    async def add(call: Call) -> Answer:
        return await _add(call, most, policy.notify.names)

    return [
        route(ports, "GET", "/responses", _list, query=("limit",)),
        route(ports, "POST", "/responses", add),
        route(ports, "POST", "/responses/{response_id}/approve", _approve),
        route(ports, "POST", "/responses/{response_id}/undo", _undo),
    ]


async def _list(call: Call) -> Answer:
    return Answer(Listing(list(await call.ports.watch.responses(call.number("limit", USUAL, MOST_AT_ONCE)))))


async def _add(call: Call, most: int, channels: Sequence[str]) -> Answer:
    asked = call.read(NewResponse)
    if asked.of not in ABOUT[asked.kind]:
        raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/of", f"{asked.kind} is not about this"),))
    if asked.kind in ENDING and not asked.seconds:
        raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/seconds", "says when it ends"),))
    if asked.kind == "notify" and not asked.alert:
        raise Refused(Reason.ADMIN_REQUEST, faults=(Fault("/alert", "says of what"),))
    value = await named(call, asked.of, asked.value, channels)
    state = "dry-run" if asked.dry_run else "held" if asked.hold else "pending"
    asking = KeptResponse(
        response_id=response_id(asked, value, call),
        kind=asked.kind,
        of=asked.of,
        value=value,
        state=state,
        at=call.now,
        until=Instant(call.now + asked.seconds if asked.kind in ENDING else 0.0),
        why=checked_name(asked.why, "/why", LONGEST_TEXT),
        by=checked_name(asked.by, "/by", LONGEST_TEXT) if asked.by else call.ports.actor,
        factor=asked.factor,
        rule=asked.rule,
        alert=asked.alert,
        playbook=asked.playbook,
    )
    # What a person asks for is not bounded: there is no rule behind it that could be made to fire. Nor is telling: a
    # channel makes one message of many by itself, and an alert that is held because of others would be hidden by them.
    bound = most if asked.rule and asked.kind != "notify" else MOST_AT_ONCE * LONGEST_SECONDS
    kept, new = await call.ports.watch.add_response(asking, bound, max(1, bound // 2))
    told_again = kept.kind == "notify" and kept.state == "done"  # whoever asks again has not had our answer
    if kept.state == "pending" or told_again:
        return Answer(await _go(call, kept, kept.by), 201)
    if new:
        _tell(call, kept, kept.by)
    return Answer(kept, 201 if new else 200)


async def _approve(call: Call) -> Answer:
    kept = await _known(call)
    if kept.state != "held":
        raise Refused(Reason.CONFLICT, "only what is held can be let go ahead")
    # It stands as long as it was to stand, from now on.
    until = Instant(call.now + kept.until - kept.at if kept.until else 0.0)
    return Answer(await _go(call, msgspec.structs.replace(kept, until=until), call.ports.actor))


async def _undo(call: Call) -> Answer:
    kept = await _known(call)
    if kept.state not in {"held", "done", "pending"}:
        raise Refused(Reason.CONFLICT, f"it is {kept.state}: there is nothing to take back")
    if kept.state != "held":
        await take_back(call, kept)
    await call.ports.watch.move_response(kept.response_id, (kept.state,), "undone", call.ports.actor)
    if kept.alert and RUNG in kept.playbook:  # what was wrong shall not count against them the next time
        await call.ports.watch.forget_rung_of(kept.playbook.partition(RUNG)[0], kept.alert)
    undone = await _known(call)
    _tell(call, undone, call.ports.actor)
    return Answer(undone)


async def _go(call: Call, response: KeptResponse, by: str) -> KeptResponse:
    """Carry out a response; one that cannot be is `refused`.  Raises Unavailable: then it may be done again."""
    state = "done"
    try:
        await carry_out(call, response)
    except Refused:
        state = "refused"
    await call.ports.watch.move_response(response.response_id, (response.state,), state, by, response.until)
    done = msgspec.structs.replace(response, state=state, changed_by=by)
    _tell(call, done, by)
    return done


async def _known(call: Call) -> KeptResponse:
    found = await call.ports.watch.response(call.path["response_id"])
    if found is None:
        raise Refused(Reason.NOT_FOUND, "no response has this id")
    return found


def response_id(asked: NewResponse, value: str, call: Call) -> str:
    """Return the name of a response: the same for the same alert, kind and subject, so that it is carried out once."""
    about = (asked.alert or call.correlation, asked.kind, asked.of, value)
    return f"response_{hashlib.sha256(chr(31).join(about).encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def _tell(call: Call, response: KeptResponse, actor: str) -> None:
    call.ports.events.emit(
        ResponseChanged(
            at=call.now,
            correlation=call.correlation,
            response=response.response_id,
            kind=response.kind,
            of=response.of,
            value=response.value,
            state=response.state,
            why=response.why,
            actor=actor,
            until=response.until,
            rule=response.rule,
            alert=response.alert,
            playbook=response.playbook,
        )
    )
