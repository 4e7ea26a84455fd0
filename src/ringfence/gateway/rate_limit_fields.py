"""Tell callers what is left of their limits.  draft-ietf-httpapi-ratelimit-headers-11 §3, §4; RFC 9110 §10.2.3."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ringfence.gateway.sharers import OWN
from ringfence.gateway.stages import Limited
from ringfence.message import Headers, Response
from ringfence.policy.limits_model import Limit
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Standing

LIMIT_FIELD: Final = "ratelimit"
POLICY_FIELD: Final = "ratelimit-policy"
_OURS: Final = frozenset({LIMIT_FIELD, POLICY_FIELD})

Named = tuple[tuple[str, Limit], ...]


class OverLimit(Refused):
    """A limit has no room for the call."""

    def __init__(self, detail: str, headers: Headers, told: Headers) -> None:
        """Keep what the answer tells of limits apart from what it always tells."""
        super().__init__(Reason.RATE_LIMITED, detail, headers=headers)
        self.told = told


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
        limit = (LIMIT_FIELD, f'"{limits[refusing][0]}";r=0;t={seconds}')
        return (policies, limit) if policies else (limit,)
    if policies is None:
        return ()
    name, standing = min(
        ((name, standing) for (name, limit), standing in zip(limits, standings, strict=True) if limit.per in OWN),
        key=lambda one: one[1].left,
    )
    return policies, (LIMIT_FIELD, f'"{name}";r={standing.left};t={math.ceil(standing.seconds)}')


@lru_cache(maxsize=4096)
def _policies(limits: Named) -> tuple[str, str] | None:
    own = [_policy(name, limit) for name, limit in limits if limit.per in OWN]
    return (POLICY_FIELD, ", ".join(own)) if own else None


def _policy(name: str, limit: Limit) -> str:
    """Return one limit: what it holds at most (`q`), and the seconds in which that is free again (`w`)."""
    units = limit.burst + 1
    return f'"{name}";q={units};w={max(1, math.ceil(units / limit.rate_per_second))}'


def told(response: Response, limited: Limited | None, refused: Refused | None) -> Response:
    """Return an answer that tells what is left; fields of that name from the upstream tell of other limits, and go."""
    ours = refused.told if isinstance(refused, OverLimit) else limited.told if limited is not None else ()
    if not ours:
        return response
    kept = tuple(field for field in response.headers if field[0] not in _OURS)
    return Response(response.status, (*kept, *ours), response.body)
