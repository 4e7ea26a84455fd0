"""Compare what two policies let out: the declared answers, of which the gateway passes on what is declared."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ringfence.policy.difference import Difference
from ringfence.policy.operations import DeclaredResponse, Operation
from ringfence.policy.schema_diff import SchemaChange, SchemaWalk
from ringfence.policy.validators import Written

MOST_TOLD: Final = 5
"""Places of one answer that are told; the rest are counted."""


def compare_answers(before: Mapping[Any, Operation], after: Mapping[Any, Operation]) -> Iterator[Difference]:
    """Yield how the answers of the operations that both have differ, with the operation and the status.

    More that is declared is more that goes out, so each such difference is `unclear`; a schema that many
    operations share is told once.
    """
    walks = _Walks()
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        place = f"{new.api}/{new.version} {new.operation_id}"
        if old.statuses != new.statuses and not (old.responses or new.responses):
            yield Difference("other", place, "the declared statuses of its answers changed")
        for status in sorted(old.responses.keys() | new.responses.keys()):
            for what in _status(old.responses.get(status), new.responses.get(status), walks):
                yield Difference("unclear", place, f"answer {status} {what}")


class _Walks:
    """One walk for each pair of documents."""

    def __init__(self) -> None:
        self._walks: dict[tuple[int, int], SchemaWalk] = {}

    def compare(self, old: Written, new: Written) -> tuple[SchemaChange, ...]:
        pair = id(old.definitions), id(new.definitions)
        if pair not in self._walks:
            self._walks[pair] = SchemaWalk((old.definitions, new.definitions))
        return self._walks[pair].compare(old.schema, new.schema)


def _status(old: DeclaredResponse | None, new: DeclaredResponse | None, walks: _Walks) -> Iterator[str]:
    if old is None or new is None:
        yield "is declared now" if old is None else "is no longer declared"
        return
    for media in sorted(old.contents.keys() | new.contents.keys()):
        sides = old.contents.get(media), new.contents.get(media)
        if sides[0] is None or sides[1] is None:
            yield f"{media} is {'declared now' if sides[0] is None else 'no longer declared'}"
            continue
        validators = sides[0].validator, sides[1].validator
        if validators[0] is None or validators[1] is None:
            if validators[0] is not validators[1]:
                yield f"{media}: {'described now' if validators[0] is None else 'no longer described'}"
            continue
        changes = walks.compare(validators[0].written(), validators[1].written())
        places = list(dict.fromkeys(change.at or "as a whole" for change in changes))
        for at in places[:MOST_TOLD]:
            yield f"{media} {at} is described otherwise"
        if len(places) > MOST_TOLD:
            yield f"{media}: {len(places) - MOST_TOLD} more places"
