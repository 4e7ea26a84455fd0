"""Tell callers what is left of their limits.  draft-ietf-httpapi-ratelimit-headers-11 §3, §4; RFC 9110 §10.2.3."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ringfence.gateway.sharers import OWN
from ringfence.gateway.stages import Limited, Weighing
from ringfence.message import Headers, Response
from ringfence.policy.limits_model import Limit
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Standing

LIMIT_FIELD: Final = "ratelimit"
POLICY_FIELD: Final = "ratelimit-policy"
DAY_SECONDS: Final = 86_400
_OURS: Final = frozenset({LIMIT_FIELD, POLICY_FIELD})

Named = tuple[tuple[str, Limit], ...]


class OverLimit(Refused):
    """A limit has no room for the call."""

    def __init__(
        self,
        reason: Reason,
        detail: str,
        headers: Headers,
        told: Headers,
        weighing: Weighing | None = None,
        private: str = "",
    ) -> None:
        """Keep what the answer tells of limits apart from what it always tells, and what the record says of both."""
        super().__init__(reason, detail, private=private, headers=headers)
        self.told = told
        self.weighing = weighing


def fields(limits: Named, standings: Sequence[Standing], refusing: int = -1) -> Headers:
    """Return `RateLimit-Policy` with the caller's own limits, and `RateLimit` with the tightest of them.

    What the caller shares with others is not told: it would tell of them. Only that it refused is.

    Args:
        limits: of the operation.
        standings: how each stands after the call.
        refusing: the one that refused the call; -1: none.
    """
    policies = _policies(limits)
    if refusing >= 0:
        seconds = max(1, math.ceil(standings[refusing].seconds))
        field = (LIMIT_FIELD, f'"{limits[refusing][0]}";r=0;t={seconds}')
        return (policies, field) if policies else (field,)
    if policies is None:
        return ()
    least = -1
    for i, (_, limit) in enumerate(limits):
        # a call in flight gives its place back by itself: it is told where nothing else is
        if limit.per in OWN and (least < 0 or (limit.in_flight is None and standings[i].left < standings[least].left)):
            least = i
    told = f'"{limits[least][0]}";r={standings[least].left};t={math.ceil(standings[least].seconds)}'
    return policies, (LIMIT_FIELD, told)


@lru_cache(maxsize=4096)
def _policies(limits: Named) -> tuple[str, str] | None:
    own = [_policy(name, limit) for name, limit in limits if limit.per in OWN]
    return (POLICY_FIELD, ", ".join(own)) if own else None


def _policy(name: str, limit: Limit) -> str:
    """Return one limit: what it holds at most (`q`), and the seconds in which that is free again (`w`)."""
    front = f'"{name}";q={limit.holds}'
    if limit.in_flight is not None:
        return f'{front};qu="concurrent-requests"'
    if limit.quota is not None:
        return front if limit.quota.window == "month" else f"{front};w={DAY_SECONDS}"  # months are not alike
    return f"{front};w={max(1, math.ceil(limit.holds / limit.rate_per_second))}"


def told(response: Response, limited: Limited | None, refused: Refused | None) -> Response:
    """Return an answer that tells what is left; fields of that name from the upstream tell of other limits, and go."""
    ours = refused.told if isinstance(refused, OverLimit) else limited.told if limited is not None else ()
    if not ours:
        return response
    kept = tuple(field for field in response.headers if field[0] not in _OURS)
    return Response(response.status, (*kept, *ours), response.body)
