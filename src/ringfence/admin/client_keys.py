"""`/clients/{client_id}/keys`: give a client new keys; the former ones are taken for a while.  RFC 7591 §2; RFC 7517 §4.5."""

from typing import Any

import msgspec
from starlette.routing import Route

from ringfence.admin.client_shown import shown
from ringfence.admin.clients import known_client
from ringfence.admin.exchange import Answer, Call, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.key_overlap import with_new_keys
from ringfence.clients.new_client import NewClient, check_new_client
from ringfence.clients.texts import fault
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


class NewKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes in place of a client's keys: one of the first three, as when it was registered."""

    jwks: dict[str, Any] = {}
    jwks_uri: str = ""
    certificate: str = ""
    overlap_seconds: int | None = None
    """How long the former keys are taken; None: as the policy says; 0: not at all, as after a theft."""


def client_key_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""

    async def replace(call: Call) -> Answer:
        client, keys = await known_client(call), call.read(NewKeys)
        if client.status == "revoked":
            raise Refused(Reason.CONFLICT, "a revoked client stays revoked: register a new one")
        overlap = policy.oauth.clients.key_overlap_seconds if keys.overlap_seconds is None else keys.overlap_seconds
        if not 0 <= overlap <= policy.oauth.clients.key_overlap_seconds:
            longest = policy.oauth.clients.key_overlap_seconds
            raise fault("/overlap_seconds", f"is from 0 to the policy's {longest}")
        judged = check_new_client(_asked(client, keys), policy, client.client_id, client.created_at)
        changed = msgspec.structs.replace(client, jwks=judged.jwks, jwks_uri=judged.jwks_uri)
        changed = with_new_keys(client, changed, overlap, call.now)
        await ports.records.change_client_keys(changed)
        call.acted("client.keys_replaced", client.client_id)
        registration = await ports.records.registration(client.client_id)
        return Answer(shown(changed, registration, policy, call.now))

    return [route(ports, "POST", "/clients/{client_id}/keys", replace)]


def _asked(client: Client, keys: NewKeys) -> NewClient:
    """Return the client as one would register it now, with its new keys."""
    fields = {name: getattr(client, name) for name in NewClient.__struct_fields__ if hasattr(client, name)}
    fields |= {"jwks": keys.jwks, "jwks_uri": keys.jwks_uri, "certificate": keys.certificate}
    return NewClient(**fields)
