"""Compare what two policies leave in answers by the consent alone: a field more is stricter."""

from collections.abc import Iterator

from ringfence.policy.difference import Direction, flag
from ringfence.policy.minimise_model import Minimised


def compare_minimised(old: Minimised | None, new: Minimised | None) -> Iterator[tuple[Direction, str]]:
    """Yield the differences; another place for permissions, or another permission, is unclear."""
    before, after = ({field.at: field for field in side.fields} if side else {} for side in (old, new))
    for at in sorted(before.keys() | after.keys()):
        one, other = before.get(at), after.get(at)
        if one is None and other is not None:
            yield "stricter", f"{at} needs {other.permission} now"
        elif one is not None and other is None:
            yield "looser", f"{at} no longer needs {one.permission}"
        elif one is not None and other is not None and one.permission != other.permission:
            yield "unclear", f"{at} needs {other.permission} now, was {one.permission}"
        elif one != other:
            yield "other", f"{at} is required by the answer's schema now, or no longer"
    if old is None or new is None:
        return
    if old.rule.required != new.rule.required:
        refuses = (old.rule.required == "refuse", new.rule.required == "refuse")
        yield from ((direction, f"required: {what}") for direction, what in flag()(*refuses))
    if (old.rule.type, old.rule.permissions) != (new.rule.type, new.rule.permissions):
        yield "unclear", "permissions stand in another place"
