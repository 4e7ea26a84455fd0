"""`/status`: whether the management API and what it stands on work."""

import msgspec
from starlette.routing import Route

from ringfence import __version__
from ringfence.admin.canary import described
from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.policy.model import Policy


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What answered."""

    version: str
    issuer: str
    last_event: int
    canary: str = ""
    """Which policy is tried on some clients, and on which share of them; empty: none."""


def status_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the route of this resource."""

    async def show(call: Call) -> Answer:
        """Answer once the records and the event stream have; each failure is a 503."""
        await call.ports.records.ping()
        last = await call.ports.stream.last()
        tried = None if call.ports.canary is None else await call.ports.canary.standing()
        shown = described(tried) if tried is not None else ""
        return Answer(Status(version=__version__, issuer=policy.issuer, last_event=last, canary=shown))

    return [route(ports, "GET", "/status", show)]
