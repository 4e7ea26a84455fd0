"""The case that a response opens: one for each somebody and rule while it is open, however many alerts there are."""

from ringfence.admin.cases import LONGEST_TITLE, MOST_ALERTS, tell_changed
from ringfence.admin.exchange import Call
from ringfence.ids import new_id
from ringfence.store.case_interface import Case, Note
from ringfence.store.response_interface import KeptResponse


async def open_case(call: Call, response: KeptResponse) -> None:
    """Add the alert to the open case about the same somebody and rule, or open one; safe to repeat.  Raises Unavailable."""
    alert = await call.ports.watch.alert(response.alert) if response.alert else None
    case = Case(
        case_id=new_id("case", call.ports.random),
        title=(alert.title if alert is not None else response.why)[:LONGEST_TITLE],
        opened_at=call.now,
        opened_by=response.by,
        alerts=(alert.alert_id,) if alert is not None else (),
    )
    key = f"{response.of}\x1f{response.value}\x1f{response.rule}"
    case_id, became = await call.ports.cases.open_or_add(key, case, MOST_ALERTS)
    if became != "there":
        tell_changed(call, case_id, became, case.alerts, actor=response.by)


async def close_opened(call: Call, response: KeptResponse) -> None:
    """Close the case that a response opened, if nothing else has come to it: else it stays for a person to close."""
    for case_id in await call.ports.cases.cases_of(response.alert):
        case = await call.ports.cases.case(case_id)
        alone = case is not None and case.alerts == (response.alert,) and not case.notes
        if case is None or not alone or case.opened_by != response.by:
            continue
        note = Note(call.now, call.ports.actor, f"taken back: {response.response_id}")
        if await call.ports.cases.close_case(case_id, "benign", note):
            tell_changed(call, case_id, "closed", disposition="benign")
