"""Say what a newer policy demands more, demands less, and does otherwise than an older one.

Operations are compared as the gateway sees them, with defaults filled in and schemas compiled, and matched by
what partners call: method and shape of the path. What differs and stands in no table is `unclear`, never equal.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ringfence.policy.answers_diff import compare_answers
from ringfence.policy.difference import Difference
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.operation_diff import compare_operations
from ringfence.policy.operations import Operation, OperationTable
from ringfence.policy.settings_diff import compare_settings
from ringfence.policy.templates import read_template

FEWEST: Final = 2
"""Operations of a version whose equal differences are told once, for all of them."""

Called = tuple[str, ...]
"""What a partner calls: the method and the shapes of the path's segments."""


def called(method: str, template: str) -> Called:
    """Return what partners call, whatever its parameters are named."""
    return (method, *(segment.shape for segment in read_template(template)))


def by_call(table: OperationTable) -> dict[Called, Operation]:
    """Return a table's operations by what partners call."""
    return {called(operation.method, operation.template): operation for operation in table.operations}


def compare(old: LoadedPolicy, new: LoadedPolicy) -> tuple[Difference, ...]:
    """Return how two policies differ, both loaded with `keep`.

    The looser comes first, then what is unclear, the stricter, and the rest.
    """
    before, after = by_call(old.table), by_call(new.table)
    found = [
        *_presence(before, after, old, new),
        *_common(before, after),
        *compare_answers(before, after),
        *_waivers(old, new),
        *compare_settings(old.policy, new.policy),
        *_cedar(old, new),
    ]
    rank = ("looser", "unclear", "stricter", "other")
    return tuple(sorted(dict.fromkeys(found), key=lambda d: rank.index(d.direction)))


def _place(operation: Operation) -> str:
    return f"{_version(operation)} {operation.operation_id}"


def _version(operation: Operation) -> str:
    return f"{operation.api}/{operation.version}"


def _presence(
    before: Mapping[Called, Operation], after: Mapping[Called, Operation], old: LoadedPolicy, new: LoadedPolicy
) -> Iterator[Difference]:
    """Operations that only one of the policies opens, and hidden ones that only one of them knows."""
    hidden = [{called(*one) for one in side.table.hidden} for side in (old, new)]
    for key, operation in before.items():
        if key not in after:
            what = "is hidden" if key in hidden[1] else "is gone"
            yield Difference("stricter", _place(operation), f"{operation.method} {operation.template} {what}")
    for key, operation in after.items():
        if key not in before:
            what = "is no longer hidden" if key in hidden[0] else "is new"
            yield Difference("looser", _place(operation), f"{operation.method} {operation.template} {what}")


def _common(before: Mapping[Called, Operation], after: Mapping[Called, Operation]) -> Iterator[Difference]:
    """Compare the operations that both have; what holds for every one of a version is told once."""
    told: dict[str, list[Difference]] = {}
    sizes: Counter[str] = Counter()
    for key in before.keys() & after.keys():
        version = _version(after[key])
        sizes[version] += 1
        for direction, what in compare_operations(before[key], after[key]):
            told.setdefault(version, []).append(Difference(direction, _place(after[key]), what))
    for version, differences in sorted(told.items()):
        yield from _gathered(version, sizes[version], differences)


def _gathered(version: str, size: int, differences: Iterable[Difference]) -> Iterator[Difference]:
    places: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in sorted(differences, key=lambda d: d.place):
        places[difference.direction, difference.what].append(difference)
    for same in places.values():
        if size >= FEWEST and len({d.place for d in same}) == size:
            yield Difference(same[0].direction, f"{version}, every operation", same[0].what)
        else:
            yield from same


def _cedar(old: LoadedPolicy, new: LoadedPolicy) -> Iterator[Difference]:
    """Files of Cedar policies. What a change in one of them comes to is not worked out: it may be looser."""
    sides = [{file.path.name: file.text for file in side.cedar.files} if side.cedar else {} for side in (old, new)]
    if not all(sides):
        return  # the setting's own row tells that there are policies now, or none any more
    for name in sorted(sides[0].keys() | sides[1].keys()):
        before, after = (side.get(name) for side in sides)
        if before != after:
            what = "is new" if before is None else "is gone" if after is None else "has changed"
            yield Difference("unclear", "authorization.cedar", f"{name} {what}")


def _waivers(old: LoadedPolicy, new: LoadedPolicy) -> Iterator[Difference]:
    """Faults that are tolerated. What they do to an operation is told at the operation."""
    sides = [dict.fromkeys((w.fault, w.at) for w in side.waived) for side in (old, new)]
    for fault, at in sides[1].keys() - sides[0].keys():
        yield Difference("other", at, f"the fault {fault} is tolerated now")
    for fault, at in sides[0].keys() - sides[1].keys():
        yield Difference("other", at, f"the fault {fault} is no longer tolerated, or is gone")
