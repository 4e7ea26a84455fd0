import pytest

from ringfence.policy.minimise_diff import compare_minimised
from ringfence.policy.minimise_model import Minimise, Minimised, MinimisedField


def rule(*fields: MinimisedField, **more: str) -> Minimised:
    return Minimised(Minimise(fields={field.at: field.permission for field in fields}, **more), fields)  # type: ignore[arg-type]


A, B, OTHER = (MinimisedField(f"/{at}", (at,), permission) for at, permission in (("a", "p"), ("b", "p"), ("a", "q")))
REQUIRED = MinimisedField("/a", ("a",), "p", required=True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, rule(A), [("stricter", "/a needs p now")]),
        (rule(A), None, [("looser", "/a no longer needs p")]),
        (rule(A), rule(A, B), [("stricter", "/b needs p now")]),
        (rule(A), rule(B), [("looser", "/a no longer needs p"), ("stricter", "/b needs p now")]),
        (rule(A), rule(OTHER), [("unclear", "/a needs q now, was p")]),
        (rule(A), rule(REQUIRED), [("other", "/a is required by the answer's schema now, or no longer")]),
        (rule(A), rule(A, type="t", permissions="/p"), [("unclear", "permissions stand in another place")]),
        (rule(A), rule(A), []),
    ],
)
def test_a_field_more_is_stricter(old: Minimised | None, new: Minimised | None, told: list[tuple[str, str]]) -> None:
    assert list(compare_minimised(old, new)) == told


def test_a_refusal_is_stricter() -> None:
    ((direction, _),) = compare_minimised(rule(A), rule(A, required="refuse"))
    assert direction == "stricter"
    ((direction, what),) = compare_minimised(rule(A, required="refuse"), rule(A))
    assert direction == "looser"
    assert what.startswith("required:")
