import pytest

from ringfence.policy.validators import MOST_BRIEF, Workshop


def test_equal_schemas_share_one_validator_and_definitions_are_shared() -> None:
    workshop = Workshop()
    first = workshop.validator({"$ref": "#/$defs/name"})
    assert workshop.validator({"$ref": "#/$defs/name"}) is first
    workshop.close({"name": {"type": "string"}})
    assert workshop.compile_all() == ()
    assert first.is_valid("a")
    assert [list(e.instance_path) for e in first.iter_errors(1)] == [[]]


@pytest.mark.parametrize("reference", ["file:///etc/passwd", "http://127.0.0.1:1/x", "#/$defs/gone"])
def test_what_leads_out_or_nowhere_does_not_compile(reference: str) -> None:
    workshop = Workshop()
    broken = workshop.validator({"$ref": reference})
    workshop.close({})
    assert len(workshop.compile_all()) == 1
    with pytest.raises(ValueError):
        broken.is_valid(1)


def test_a_pattern_with_look_around_is_bounded() -> None:
    workshop = Workshop()
    slow = workshop.validator({"type": "string", "pattern": r"^(?=(a+)+$)(?!b)(a|aa)+$"})
    workshop.close({})
    assert workshop.compile_all() == ()
    assert not slow.is_valid("a" * 5000 + "!")


def test_brief_validators_are_let_go_and_come_back() -> None:
    workshop = Workshop()
    many = [workshop.brief_validator({"const": number}) for number in range(MOST_BRIEF + 8)]
    workshop.close({})
    assert workshop.compile_all() == ()
    for _ in range(2):
        for number, one in enumerate(many):
            assert one.is_valid(number)
            assert not one.is_valid(-1)
            assert len(workshop._brief) <= MOST_BRIEF
    assert [error.message for error in many[3].iter_errors(4)]
