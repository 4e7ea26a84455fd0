import httpx
import msgspec
from starlette.applications import Starlette

from ringfence.admin.intelligence import intelligence_routes
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.intel.status import FeedStatus, Status
from ringfence.intel.table import UNLISTED, Listing
from ringfence.policy.model import Policy


class Known:
    asked = 0

    def status(self) -> Status:
        return Status(feeds=(FeedStatus(feed="a", action="tag", entries=3),))

    def of(self, address: str, now: Instant) -> Listing:
        return Listing(("a",), "refuse") if address == "203.0.114.7" else UNLISTED

    def ask(self) -> None:
        self.asked += 1


async def test_feeds_are_shown_and_asked_for(policy: Policy, ports: AdminPorts) -> None:
    known = Known()
    app = Starlette(routes=intelligence_routes(msgspec.structs.replace(ports, feeds=known)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://management") as http:
        assert (await http.get("/intelligence")).json()["items"][0]["entries"] == 3
        about = (await http.get("/intelligence/about/203.0.114.7")).json()
        assert about == {"address": "203.0.114.7", "feeds": ["a"], "action": "refuse"}
        assert (await http.get("/intelligence/about/2a00::1")).json()["action"] == ""
        assert (await http.get("/intelligence/about/x")).status_code == 400
        assert (await http.post("/intelligence/refresh", json={})).json() == {"asked": True}
    assert known.asked == 1
