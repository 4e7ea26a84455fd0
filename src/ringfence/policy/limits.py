"""Hold limits against themselves and against the operations that name them, at start."""

from collections.abc import Iterator, Mapping
from typing import Final

from ringfence.policy.limits_model import Limit
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Demands, Upstream
from ringfence.policy.yaml_source import Source
from ringfence.policy.zones import zone

LONGEST_SECONDS: Final = 400 * 86_400
"""In which a bucket has to become free again."""

MARGIN_SECONDS: Final = 30.0
"""Beyond the upstream's own times, what a call may take: its body, and what is done here."""

Wrong = tuple[str, str]
"""What is wrong, and what to write instead."""


def limit_mistakes(limits: Mapping[str, Limit], source: Source) -> Iterator[Mistake]:
    """Yield limits that cannot be kept."""
    for name, limit in limits.items():
        for wrong, instead in _kinds(name, limit) or _values(name, limit):
            yield source.mistake(("limits", name), wrong, instead)


def _kinds(name: str, limit: Limit) -> list[Wrong]:
    rate = bool(limit.rate_per_second), bool(limit.burst)
    if sum((any(rate), limit.quota is not None, limit.in_flight is not None)) != 1:
        wrong = f"the limit `{name}` is none or several of a rate, a quota and calls in flight"
        return [(wrong, "write `rate_per_second` with `burst`, or `quota`, or `in_flight`")]
    if any(rate) and not all(rate):
        missing = "burst" if rate[0] else "rate_per_second"
        return [(f"`{missing}` is missing in `{name}`", f"write `{missing}:`")]
    return []


def _values(name: str, limit: Limit) -> Iterator[Wrong]:
    if limit.rate_per_second and (limit.burst + 1) / limit.rate_per_second > LONGEST_SECONDS:
        wrong = f"the burst of `{name}` is free again after more than {LONGEST_SECONDS // 86_400} days"
        yield wrong, "write a smaller burst or a higher rate, or a `quota`"
    if limit.reserve >= limit.holds:
        yield f"the limit `{name}` keeps all of it for payments", f"write a `reserve` below {limit.holds}"
    if limit.adaptive is not None and limit.order:
        yield f"the limit `{name}` is no rate, and nothing else adapts", "leave `adaptive` out"
    if limit.quota is not None:
        try:
            zone(limit.quota.zone)
        except ValueError:
            yield f"the limit `{name}` names the time zone `{limit.quota.zone}`, which is not known", "write `UTC`"


def operation_mistakes(
    demands: Demands, limits: Mapping[str, Limit], upstream: Upstream
) -> Iterator[tuple[str, str, str]]:
    """Yield where a call costs more than a limit of its operation holds, or outlives its lease."""
    longest = upstream.connect_timeout_seconds + upstream.timeout_seconds + MARGIN_SECONDS
    if upstream.overload.limit != "off":
        longest += upstream.overload.wait_seconds
    for name in demands.limits or ():
        limit = limits.get(name)
        if limit is None:
            continue
        if limit.in_flight is not None:
            if limit.in_flight.lease_seconds < longest:
                wrong = f"a call may take longer than the limit `{name}` counts it: {longest:g} s"
                yield "limits", wrong, f"write `lease_seconds: {longest:g}` or more there"
        elif (cost := demands.cost or 1) > (holds := limit.holds - (limit.reserve if demands.link is None else 0)) > 0:
            wrong = f"a call costs {cost}, and the limit `{name}` holds {holds}"
            yield "cost", wrong, f"write at most {holds}"
        if limit.adaptive is not None and limit.adaptive.trust is not None and not _capped(demands, limits):
            wrong = f"nothing caps what a client may earn in the limit `{name}`"
            yield "limits", wrong, "name a rate per client without `adaptive` beside it"


def _capped(demands: Demands, limits: Mapping[str, Limit]) -> bool:
    """Say whether a rate that no trust changes holds each client."""
    named = (limits[name] for name in demands.limits or () if name in limits)
    return any(limit.per == "client" and not limit.order and limit.adaptive is None for limit in named)
