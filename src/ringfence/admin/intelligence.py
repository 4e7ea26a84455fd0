"""`/intelligence`: how feeds are, what they say of an address, and a demand for all of them anew."""

import asyncio
import ipaddress

from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.problem import Reason, Refused


def intelligence_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""

    async def show(call: Call) -> Answer:
        status = await asyncio.to_thread(call.ports.feeds.status)
        return Answer(Listing(list(status.feeds)))

    async def about(call: Call) -> Answer:
        address = call.path["address"]
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise Refused(Reason.ADMIN_REQUEST, "that is no IP address") from None
        found = await asyncio.to_thread(call.ports.feeds.of, address, call.ports.clock())
        return Answer({"address": address, "feeds": list(found.feeds), "action": found.action if found.feeds else ""})

    async def refresh(call: Call) -> Answer:
        await asyncio.to_thread(call.ports.feeds.ask)
        call.acted("intelligence.refresh", "all feeds")
        return Answer({"asked": True})

    return [
        route(ports, "GET", "/intelligence", show),
        route(ports, "GET", "/intelligence/about/{address:path}", about),
        route(ports, "POST", "/intelligence/refresh", refresh),
    ]
