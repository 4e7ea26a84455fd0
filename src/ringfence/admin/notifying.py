"""Have a channel told of an alert: an event that whoever brings messages there follows."""

import msgspec

from ringfence.admin.exchange import Call
from ringfence.detect.alert import Alert
from ringfence.events.detection import NotificationAsked
from ringfence.problem import Reason, Refused
from ringfence.store.response_interface import KeptResponse


async def notify(call: Call, response: KeptResponse) -> None:
    """Tell of the alert that a response is about.  Raises Refused NOT_FOUND where there is none; Unavailable."""
    kept = await call.ports.watch.alert(response.alert)
    if kept is None:
        raise Refused(Reason.NOT_FOUND, "no alert has this id")
    alert = msgspec.json.decode(kept.detail, type=Alert)
    held = await call.ports.cases.silences(call.now)
    silenced = next((one.silence_id for one in held if one.covers(alert.rule, alert.group)), "")
    call.ports.events.emit(
        NotificationAsked(
            at=call.now,
            correlation=call.correlation,
            channel=response.value,
            response=response.response_id,
            alert=alert.alert_id,
            rule=alert.rule,
            level=alert.level,
            title=alert.title,
            explanation=alert.explanation,
            playbook=response.playbook,
            client=alert.context.get("client", ""),
            user=alert.context.get("user", ""),
            grant=alert.context.get("grant", ""),
            network=alert.context.get("network", ""),
            silenced=silenced,
        )
    )
