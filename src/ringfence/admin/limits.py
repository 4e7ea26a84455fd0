"""`/limits/{client}`: what a client may call, and what it has left now."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.gateway.counted import counted
from ringfence.gateway.sharers import key, of_operation
from ringfence.policy.limits_model import Limit
from ringfence.policy.operations import Operation
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission

KINDS: Final = ("rate", "quota", "in flight")


class LimitShown(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a client, as it stands."""

    limit: str
    kind: str
    """`rate`, `quota` or `in flight`."""
    per: str
    operation: str = ""
    """Where the limit is by operation."""
    holds: int
    """The most that it takes at once, or in its day or month."""
    reserve: int
    """How much of that is kept for payments on a consent."""
    left: int | None = None
    """Without the reserve; None where the client shares the limit with others, or it is by customer, grant or network."""
    free_in: float | None = None
    """Seconds until all of it is free again."""
    risk: float | None = None
    """The risk that counts, where the limit adapts."""
    cost: float | None = None
    """What a call of no risk would cost now, where the limit adapts."""
    trust: float | None = None


def limit_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [route(ports, "GET", "/limits/{client_id}", _show)]


async def _show(call: Call) -> Answer:
    client_id = call.path["client_id"]
    if await call.ports.records.client(client_id) is None:
        raise Refused(Reason.NOT_FOUND, "no client has this id")
    ports = call.ports
    operations = ports.operations if ports.operations_of is None else ports.operations_of(client_id)
    return Answer(Listing([await _stands(call, *found) for found in _of_client(operations, client_id)]))


def _of_client(operations: Iterable[Operation], client_id: str) -> Iterator[tuple[str, Limit, str, str | None]]:
    """Yield each limit once: its name, what it is, its operation, and who shares it where that is the client alone."""
    seen: set[tuple[str, str]] = set()
    for operation in operations:
        for name, limit in operation.demands.limits:
            by_operation = limit.per == "operation"
            place = f"{operation.upstream_name} {operation.operation_id}" if by_operation else ""
            if (name, place) in seen:
                continue
            seen.add((name, place))
            own = of_operation(client_id, operation) if by_operation else client_id if limit.per == "client" else None
            yield name, limit, place, own


async def _stands(call: Call, name: str, limit: Limit, place: str, own: str | None) -> LimitShown:
    shown = LimitShown(
        limit=name, kind=KINDS[limit.order], per=limit.per, operation=place, holds=limit.holds, reserve=limit.reserve
    )
    if own is None:
        return shown
    where = key(name, own)
    buckets, quotas, leases = counted([(limit, where)], 0, call.now)
    asked = Admission(
        buckets=tuple(msgspec.structs.replace(bucket, weight=None) for bucket in buckets),
        quotas=quotas,
        # a place more, so that the one that is asked for does not count
        leases=tuple(msgspec.structs.replace(lease, most=lease.most + 1) for lease in leases),
    )
    (standing,) = (await call.ports.fast.look(asked, call.now)).standings
    free_in = standing.seconds if limit.in_flight is None else None
    shown = msgspec.structs.replace(shown, left=standing.left, free_in=free_in)
    if limit.adaptive is None:
        return shown
    buckets, _, _ = counted([(limit, where)], 1, call.now)
    weighed = (await call.ports.fast.look(Admission(buckets=buckets), call.now)).weighed
    if weighed is None:
        return shown
    return msgspec.structs.replace(shown, risk=weighed.risk, cost=weighed.cost, trust=weighed.trust)
