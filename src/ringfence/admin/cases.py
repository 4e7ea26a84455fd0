"""`/cases`: alerts that belong together, their story, and what came of looking at them."""

from typing import Final, Literal

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name
from ringfence.clock import Instant, Seconds
from ringfence.events.detection import AlertDisposed, CaseChanged
from ringfence.ids import new_id
from ringfence.problem import Reason, Refused
from ringfence.store.case_interface import Case, Note
from ringfence.store.watch_interface import KeptAlert

USUAL: Final = 200
MOST_AT_ONCE: Final = 10_000
MOST_ALERTS: Final = 1_000
LONGEST_TITLE: Final = 200
LONGEST_NOTE: Final = 4_000
NEAR: Final[Seconds] = 3600.0
"""An alert about the same somebody this long before or after is related."""
MOST_LOOKED_AT: Final = 2_000
ENTITIES: Final = ("user", "grant", "client", "network")


class NewCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case to open."""

    alerts: tuple[str, ...]
    title: str = ""
    """Empty: that of the first alert."""
    related: bool = False
    """Also the alerts about the same customer, grant, client or network within an hour."""


class MoreAlerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts to add."""

    alerts: tuple[str, ...]


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line for the story."""

    text: str


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the alerts go."""

    into: str


class Ending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it was."""

    disposition: Literal["attack", "benign", "duplicate"]
    note: str = ""


class Happened(msgspec.Struct, frozen=True):
    """One line of the story of a case."""

    at: Instant
    what: str
    """`alert`, `answer`, `disposition` or `note`."""
    text: str
    alert: str = ""
    by: str = ""


class CaseShown(msgspec.Struct, frozen=True):
    """A case with its story, oldest first."""

    case: Case
    story: tuple[Happened, ...]
    evidence: tuple[tuple[int, str], ...]
    """Position and correlation id of the events that the alerts name."""


def case_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [
        route(ports, "GET", "/cases", _list, query=("open", "limit")),
        route(ports, "POST", "/cases", _open),
        route(ports, "GET", "/cases/{case_id}", _show),
        route(ports, "POST", "/cases/{case_id}/alerts", _add),
        route(ports, "POST", "/cases/{case_id}/notes", _note),
        route(ports, "POST", "/cases/{case_id}/merge", _merge),
        route(ports, "POST", "/cases/{case_id}/close", _close),
    ]


async def _list(call: Call) -> Answer:
    limit = call.number("limit", USUAL, MOST_AT_ONCE)
    return Answer(Listing(list(await call.ports.cases.cases(bool(call.number("open", 0, 1)), limit))))


async def _open(call: Call) -> Answer:
    asked = call.read(NewCase)
    found = await _alerts(call, asked.alerts)
    if not found:
        raise Refused(Reason.ADMIN_REQUEST, "a case begins with an alert")
    if asked.related:
        found += [one for one in await _related(call, found) if one.alert_id not in {a.alert_id for a in found}]
    title = checked_name(asked.title, "/title", LONGEST_TITLE) if asked.title else found[0].title[:LONGEST_TITLE]
    alerts = tuple(dict.fromkeys(one.alert_id for one in found))[:MOST_ALERTS]
    case = Case(new_id("case", call.ports.random), title, call.now, call.ports.actor, alerts=alerts)
    await call.ports.cases.open_case(case)
    tell_changed(call, case.case_id, "opened", alerts)
    return Answer(case, 201)


async def _show(call: Call) -> Answer:
    case = await _known(call, call.path["case_id"])
    story = [Happened(note.at, "note", note.text, by=note.by) for note in case.notes]
    evidence: dict[int, str] = {}
    for alert_id in case.alerts:
        alert = await call.ports.watch.alert(alert_id)
        if alert is None:
            continue
        story.append(Happened(alert.at, "alert", alert.explanation, alert_id))
        if alert.answered not in {"", "none"}:
            story.append(Happened(alert.at, "answer", alert.answered, alert_id))
        if alert.disposition and alert.disposed_at is not None:
            text = f"{alert.disposition}: {alert.note}" if alert.note else alert.disposition
            story.append(Happened(alert.disposed_at, "disposition", text, alert_id, alert.disposed_by))
        evidence |= dict(msgspec.json.decode(alert.detail, type=_Evidence).evidence)
    story.sort(key=lambda line: line.at)
    return Answer(CaseShown(case, tuple(story), tuple(sorted(evidence.items()))))


class _Evidence(msgspec.Struct):
    evidence: tuple[tuple[int, str], ...] = ()
    context: dict[str, str] = {}


async def _add(call: Call) -> Answer:
    case = await _known(call, call.path["case_id"])
    alerts = tuple(one.alert_id for one in await _alerts(call, call.read(MoreAlerts).alerts))
    if len({*case.alerts, *alerts}) > MOST_ALERTS:
        raise Refused(Reason.ADMIN_REQUEST, f"a case has at most {MOST_ALERTS} alerts")
    if not await call.ports.cases.add_alerts(case.case_id, alerts):
        raise _over()
    tell_changed(call, case.case_id, "added", alerts)
    return Answer(await _known(call, case.case_id))


async def _note(call: Call) -> Answer:
    case = await _known(call, call.path["case_id"])
    text = checked_name(call.read(NewNote).text, "/text", LONGEST_NOTE)
    await call.ports.cases.add_note(case.case_id, Note(call.now, call.ports.actor, text))
    tell_changed(call, case.case_id, "noted")
    return Answer(await _known(call, case.case_id))


async def _merge(call: Call) -> Answer:
    case = await _known(call, call.path["case_id"])
    into = await _known(call, call.read(Merge).into)
    note = Note(call.now, call.ports.actor, f"merged: {case.case_id} into {into.case_id}")
    if not await call.ports.cases.merge(case.case_id, into.case_id, note):
        raise Refused(Reason.CONFLICT, "both cases must be open, and two")
    tell_changed(call, case.case_id, "merged", into=into.case_id)
    return Answer(await _known(call, into.case_id))


async def _close(call: Call) -> Answer:
    """Close a case; its alerts that nobody has looked at yet get its disposition."""
    case = await _known(call, call.path["case_id"])
    said = call.read(Ending)
    text = checked_name(said.note, "/note", LONGEST_NOTE) if said.note else f"closed as {said.disposition}"
    if not await call.ports.cases.close_case(case.case_id, said.disposition, Note(call.now, call.ports.actor, text)):
        raise _over()
    for alert_id in case.alerts:
        alert = await call.ports.watch.alert(alert_id)
        if alert is None or alert.disposition:
            continue
        actor = call.ports.actor
        await call.ports.watch.dispose(alert_id, said.disposition, case.case_id, actor, call.now)
        call.ports.events.emit(
            AlertDisposed(
                at=call.now, correlation=call.correlation, alert=alert_id, disposition=said.disposition, actor=actor
            )
        )
    tell_changed(call, case.case_id, "closed", disposition=said.disposition)
    return Answer(await _known(call, case.case_id))


def _over() -> Refused:
    return Refused(Reason.CONFLICT, "the case is closed or merged into another")


async def _known(call: Call, case_id: str) -> Case:
    case = await call.ports.cases.case(case_id)
    if case is None:
        raise Refused(Reason.NOT_FOUND, "no case has this id")
    return case


async def _alerts(call: Call, ids: tuple[str, ...]) -> list[KeptAlert]:
    if len(ids) > MOST_ALERTS:
        raise Refused(Reason.ADMIN_REQUEST, f"a case has at most {MOST_ALERTS} alerts")
    found = []
    for alert_id in ids:
        alert = await call.ports.watch.alert(alert_id)
        if alert is None:
            raise Refused(Reason.NOT_FOUND, "no alert has one of these ids")
        found.append(alert)
    return found


async def _related(call: Call, to: list[KeptAlert]) -> list[KeptAlert]:
    """Return alerts about the same somebody within an hour, of those that no open case has."""
    about = [(one.at, _entities(one)) for one in to]
    near = []
    for alert in await call.ports.watch.alerts("", undisposed=True, limit=MOST_LOOKED_AT):
        entities = _entities(alert)
        is_near = any(abs(alert.at - at) <= NEAR and entities & known for at, known in about)
        if is_near and not await call.ports.cases.cases_of(alert.alert_id):
            near.append(alert)
    return near


def _entities(alert: KeptAlert) -> frozenset[tuple[str, str]]:
    context = msgspec.json.decode(alert.detail, type=_Evidence).context
    return frozenset((name, context[name]) for name in ENTITIES if context.get(name))


def tell_changed(
    call: Call,
    case_id: str,
    action: str,
    alerts: tuple[str, ...] = (),
    disposition: str = "",
    into: str = "",
    actor: str = "",
) -> None:
    """Say what became of a case; `actor` where it is not who calls.  Raises Unavailable."""
    call.ports.events.emit(
        CaseChanged(
            at=call.now,
            correlation=call.correlation,
            case=case_id,
            action=action,
            actor=actor or call.ports.actor,
            alerts=alerts,
            disposition=disposition,
            into=into,
        )
    )
