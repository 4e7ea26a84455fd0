"""Hold limits against themselves and against the operations that name them, at start."""

from collections.abc import Iterator, Mapping
from typing import Final

from ringfence.policy.limits_model import Limit
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Demands
from ringfence.policy.yaml_source import Source

LONGEST_SECONDS: Final = 400 * 86_400
"""In which a bucket has to become free again."""


def limit_mistakes(limits: Mapping[str, Limit], source: Source) -> Iterator[Mistake]:
    """Yield limits that cannot be kept."""
    for name, limit in limits.items():
        if (limit.burst + 1) / limit.rate_per_second > LONGEST_SECONDS:
            wrong = f"the burst of `{name}` is free again after more than {LONGEST_SECONDS // 86_400} days"
            yield source.mistake(("limits", name), wrong, "write a smaller burst or a higher rate")


def cost_mistakes(demands: Demands, limits: Mapping[str, Limit]) -> Iterator[tuple[str, str, str]]:
    """Yield where a call costs more than a limit of its operation holds: it would never pass."""
    for name in demands.limits or ():
        limit = limits.get(name)
        if limit is not None and (demands.cost or 1) > (most := limit.burst + 1):
            yield "cost", f"a call costs {demands.cost}, and the limit `{name}` holds {most}", f"write at most {most}"
