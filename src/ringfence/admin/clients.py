"""`/clients`: register partners' clients, suspend them and let them go.  RFC 7591 §2."""

from starlette.routing import Route

from ringfence.admin.blocking import block_until
from ringfence.admin.client_shown import shown
from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.admin.suspensions import hold, let_go
from ringfence.clients.new_client import NewClient, check_new_client
from ringfence.clients.texts import alike
from ringfence.ids import new_id
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import client_block
from ringfence.store.model import Client


def client_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""

    async def add(call: Call) -> Answer:
        client_id = new_id("client", ports.random)
        client = check_new_client(call.read(NewClient), policy, client_id, call.now)
        if any(alike(other.name) == alike(client.name) for other in await ports.records.list_clients()):
            raise Refused(
                Reason.CONFLICT, "a client of that name is there already; customers could not tell them apart"
            )
        await ports.records.add_client(client)
        call.acted("client.added", client_id)
        return Answer(shown(client, None, policy, call.now), 201)

    async def list_(call: Call) -> Answer:
        own = {one.client_id: one for one in await ports.records.list_registrations()}
        clients = await ports.records.list_clients()
        return Answer(Listing([shown(client, own.get(client.client_id), policy, call.now) for client in clients]))

    async def show(call: Call) -> Answer:
        client = await known_client(call)
        return Answer(shown(client, await ports.records.registration(client.client_id), policy, call.now))

    return [
        route(ports, "POST", "/clients", add),
        route(ports, "GET", "/clients", list_),
        route(ports, "GET", "/clients/{client_id}", show),
        route(ports, "POST", "/clients/{client_id}/suspend", _suspend),
        route(ports, "POST", "/clients/{client_id}/activate", _activate),
        route(ports, "POST", "/clients/{client_id}/revoke", _revoke),
        route(ports, "DELETE", "/clients/{client_id}", _remove),
    ]


async def _suspend(call: Call) -> Answer:
    client = await known_client(call)
    if (
        client.status != "revoked"
    ):  # noted first: what stands and is not noted, a response that is taken back would lift
        await hold(call, client, call.ports.actor)
    await suspend_client(call, client)
    return Answer(await known_client(call))


async def suspend_client(call: Call, client: Client) -> None:
    """Stop a client until it is activated.  Raises Refused CONFLICT for one that is revoked; Unavailable."""
    if client.status == "revoked":
        raise Refused(Reason.CONFLICT, "the client is revoked")
    await _stop(call, client, "suspended")


async def _revoke(call: Call) -> Answer:
    await _stop(call, await known_client(call), "revoked")
    return Answer(await known_client(call))


async def _activate(call: Call) -> Answer:
    client = await known_client(call)
    await activate_client(call, client)
    await let_go(call, client)
    return Answer(await known_client(call))


async def activate_client(call: Call, client: Client) -> None:
    """Let a suspended client go on.  Raises Refused CONFLICT for one that is revoked; Unavailable."""
    if client.status == "revoked":
        raise Refused(Reason.CONFLICT, "a revoked client stays revoked: register a new one")
    await call.ports.records.set_client_status(client.client_id, "active")
    await call.ports.fast.unblock([client_block(client.client_id)])
    call.acted("client.activated", client.client_id)


async def _remove(call: Call) -> Answer:
    client = await known_client(call)
    await _stop(call, client, "revoked")
    await call.ports.records.remove_client(client.client_id)
    call.acted("client.removed", client.client_id)
    return Answer({"client_id": client.client_id, "removed": True})


async def _stop(call: Call, client: Client, status: str) -> None:
    """Stop a client: first no calls, even where the records are out, then no new tokens. Safe to repeat."""
    await call.ports.fast.block([client_block(client.client_id)], block_until(call.now), call.now)
    await call.ports.records.set_client_status(client.client_id, status)
    call.acted(f"client.{status}", client.client_id)


async def known_client(call: Call) -> Client:
    """Return the client that the path names.  Raises Refused NOT_FOUND."""
    client = await call.ports.records.client(call.path["client_id"])
    if client is None:
        raise Refused(Reason.NOT_FOUND, "no client has this id")
    return client
