"""Limits in which other calls can use up what payments on a customer's consent need: none of it is kept for them."""

from collections.abc import Iterable, Iterator

from ringfence.policy.operations import Operation


def starvable(operations: Iterable[Operation]) -> Iterator[str]:
    """Yield the names of limits that operations with `link` share with others, without a `reserve`; each once."""
    paying: dict[str, int] = {}
    others: set[str] = set()
    for operation in operations:
        for name, limit in operation.demands.limits:
            if operation.demands.link is None:
                others.add(name)
            else:
                paying[name] = limit.reserve
    yield from (name for name, reserve in paying.items() if not reserve and name in others)
