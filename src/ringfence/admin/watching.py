"""`/watch`: what anomaly detection said of itself last."""

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.detect.anomaly.detector import Status
from ringfence.problem import Reason, Refused


def watch_routes(ports: AdminPorts) -> list[Route]:
    """Return the route of this resource."""
    return [route(ports, "GET", "/watch", _show)]


async def _show(call: Call) -> Answer:
    said = await call.ports.watch.status()
    if not said:
        raise Refused(Reason.NOT_FOUND, "anomaly detection is off, or has not begun")
    return Answer(msgspec.json.decode(said, type=Status))
