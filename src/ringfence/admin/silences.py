"""`/silences`: what nobody is told of for a while. Alerts are raised, kept and answered all the same."""

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant
from ringfence.events.detection import SilenceChanged
from ringfence.ids import new_id
from ringfence.problem import Fault, Reason, Refused
from ringfence.store.case_interface import Silence

LONGEST_SECONDS: Final = 30 * 86_400
LONGEST_TEXT: Final = 200


class NewSilence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to be silent about."""

    rule: str
    group: dict[str, str]
    """At least one field of the rule's group, unless it has none."""
    seconds: Annotated[int, Meta(ge=60, le=LONGEST_SECONDS)]
    why: str


def silence_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/silences", _list),
        route(ports, "POST", "/silences", _add),
        route(ports, "POST", "/silences/{silence_id}/end", _end),
    ]


async def _list(call: Call) -> Answer:
    return Answer(Listing(list(await call.ports.cases.silences(call.now))))


async def _add(call: Call) -> Answer:
    asked = call.read(NewSilence)
    rules = {rule.rule.id: rule.rule for rule in await asyncio.to_thread(call.ports.rules)}
    rule = rules.get(asked.rule)
    if rule is None:
        raise Refused(Reason.NOT_FOUND, "no rule in force has this id")
    faults = [
        Fault(f"/group/{name}", f"the rule groups by {', '.join(rule.group_by) or 'nothing'}")
        for name in asked.group
        if name not in rule.group_by
    ]
    if rule.group_by and not asked.group:
        faults.append(
            Fault("/group", "name at least one of its group's fields: a whole rule is turned off in the policy")
        )
    if faults:
        raise Refused(Reason.ADMIN_REQUEST, faults=tuple(faults))
    group = {name: checked_name(value, f"/group/{name}", LONGEST_TEXT) for name, value in asked.group.items()}
    silence = Silence(
        silence_id=new_id("silence", call.ports.random),
        rule=asked.rule,
        group=group,
        until=Instant(call.now + asked.seconds),
        why=checked_name(asked.why, "/why", LONGEST_TEXT),
        by=call.ports.actor,
        at=call.now,
    )
    call.ports.events.emit(_changed(call, silence, silence.until))
    await call.ports.cases.add_silence(silence)
    return Answer(silence, 201)


async def _end(call: Call) -> Answer:
    silence = await call.ports.cases.end_silence(call.path["silence_id"])
    if silence is None:
        raise Refused(Reason.NOT_FOUND, "no silence has this id")
    call.ports.events.emit(_changed(call, silence, 0.0))
    return Answer(silence)


def _changed(call: Call, silence: Silence, until: float) -> SilenceChanged:
    return SilenceChanged(
        at=call.now,
        correlation=call.correlation,
        silence=silence.silence_id,
        rule=silence.rule,
        about=tuple(f"{name}={value}" for name, value in silence.group.items()),
        until=until,
        why=silence.why,
        actor=call.ports.actor,
    )
