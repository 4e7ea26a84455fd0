import httpx
import msgspec
from starlette.applications import Starlette

from ringfence.admin.exports import export_routes
from ringfence.admin.ports import AdminPorts
from ringfence.clock import Instant
from ringfence.policy.export_model import Export, FileSink
from ringfence.policy.model import Policy
from ringfence.policy.notify_model import Notify, Webhook
from ringfence.store.cursors import Cursor


async def test_every_sink_of_the_policy_with_what_it_lacks(policy: Policy, ports: AdminPorts) -> None:
    policy = msgspec.structs.replace(
        policy,
        export=Export(file={"siem": FileSink(path="x"), "new": FileSink(path="y")}),
        notify=Notify(webhook={"phone": Webhook(url="https://h/", secret_file="s")}),
    )
    await ports.stream.append([b"{}"] * 9)
    known = {
        "siem": Cursor(position=4, at=Instant(5.0), failing_since=Instant(6.0), failure="answered 503"),
        "phone": Cursor(position=9, at=Instant(7.0), given_up=2),
    }
    ports = msgspec.structs.replace(ports, cursor_of=known.get)
    transport = httpx.ASGITransport(Starlette(routes=export_routes(policy, ports)))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as http:
        items = (await http.get("/exports")).json()["items"]
    assert [(i["sink"], i["kind"], i["lag"], i["failure"], i["given_up"]) for i in items] == [
        ("siem", "file", 5, "answered 503", 0),
        ("new", "file", 9, "", 0),
        ("phone", "notify.webhook", 0, "", 2),
    ]
    assert (items[0]["failing_since"], items[1]["at"]) == (6.0, None)
