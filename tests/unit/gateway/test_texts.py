from decimal import Decimal

import pytest

from ringfence.gateway.texts import MAX_PAIRS, decoded, pairs, readings, value
from ringfence.problem import Reason, Refused


def test_pairs_keep_order_and_duplicates() -> None:
    assert pairs("a=1&b=&a=2&c") == [("a", "1"), ("b", ""), ("a", "2"), ("c", "")]


@pytest.mark.parametrize("raw", ["a=1&&b=2", "&", "=1", "a=1&", "&a=1"])
def test_stray_separators_are_refused(raw: str) -> None:
    with pytest.raises(Refused) as refused:
        pairs(raw)
    assert refused.value.reason is Reason.PARAMETER_INVALID


def test_number_of_pairs_is_bounded() -> None:
    assert len(pairs("&".join(["a=1"] * MAX_PAIRS))) == MAX_PAIRS
    with pytest.raises(Refused):
        pairs("&".join(["a=1"] * (MAX_PAIRS + 1)))


@pytest.mark.parametrize("raw", ["%ff", "%c0%af", "a%00b", "a%0d%0ab", "%ed%a0%80", "\x7f"])
def test_what_is_not_clean_text_is_refused(raw: str) -> None:
    with pytest.raises(Refused) as refused:
        decoded(raw, "query.a", plus=True)
    assert refused.value.reason is Reason.PARAMETER_INVALID
    assert refused.value.faults[0].at == "query.a"


def test_plus_is_a_space_only_where_forms_say_so() -> None:
    assert decoded("a+b%20c%2B", "q", plus=True) == "a b c+"
    assert decoded("a+b", "p", plus=False) == "a+b"


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("12", "integer", 12),
        ("012", "integer", "012"),
        ("1e3", "integer", "1e3"),
        ("١٢", "integer", "١٢"),
        ("1_0", "integer", "1_0"),
        ("1.5", "number", Decimal("1.5")),
        ("nan", "number", "nan"),
        ("inf", "number", "inf"),
        ("true", "boolean", True),
        ("True", "boolean", "True"),
        ("12", "string", "12"),
    ],
)
def test_texts_read_as_their_kind_or_stay_texts(text: str, kind: str, expected: object) -> None:
    got = value(text, kind)
    assert got == expected
    assert type(got) is type(expected)


def test_any_tries_the_text_first() -> None:
    assert next(readings("12", "any")) == "12"
    assert 12 in list(readings("12", "any"))[1:]


def test_a_huge_number_does_not_cost_more_than_a_refusal() -> None:
    assert value("9" * 5000, "integer") == "9" * 5000
