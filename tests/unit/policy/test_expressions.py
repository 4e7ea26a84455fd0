"""The part of CEL that rules may use: what does not fit is told, and what fits is run by the engine as it is read here."""

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.policy.expressions import DEEPEST, MOST, NAMES, Mistaken, compiled_once, names_in

KNOWN = {name: kind for name, (kind, _) in NAMES.items()} | {"urgent": "bool"}


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("amount_minor <= 100000", {"amount_minor"}),
        ('amount_minor <= 100 || (currency == "GBP" && hour >= 9)', {"amount_minor", "currency", "hour"}),
        ('creditor_country in ["GB", "DE"]', {"creditor_country"}),
        ('"payments" in scopes && !urgent', {"scopes", "urgent"}),
        ("urgent ? amount_minor < 5 : amount_minor < 50", {"urgent", "amount_minor"}),
        ('creditor.startsWith("gb") || creditor.size() > 4 || size(actors) == 0', {"creditor", "actors"}),
        ("-amount_minor * 2 + 1 < hour % 3 - 7 / 2", {"amount_minor", "hour"}),
        ("client == 'it\\'s' || client == \"x\"", {"client"}),
        ('date >= "2026-12-24"', {"date"}),
        ("  urgent  ", {"urgent"}),
        (f"amount_minor < {MOST}", {"amount_minor"}),
    ],
)
def test_what_fits_tells_what_it_uses(text: str, used: set[str]) -> None:
    assert names_in(text, KNOWN) == used
    assert set(compiled_once(text).names) == used


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "an end"),
        ("amount_minor", "is an int, and no condition"),
        ("amount <= 5", "uses `amount`, which nothing declares"),
        ("curency == 'GBP'", "uses `curency`"),
        ("currency == 5", "has an int before character 14, where `==` needs a string"),
        ("currency != 5", "needs a string"),
        ("currency < hour", "needs a string"),
        ("amount_minor <= 1000.5", "something at character 17"),
        ("amount_minor <= 1e3", "something at character 17"),
        ("amount_minor <= 1u", "something at character 17"),
        ("amount_minor <= 0x10", "something at character 17"),
        (f"amount_minor <= {MOST + 1}", "has the number"),
        ("amount_minor <= .5", "something at character 17"),
        ("double(amount_minor) < 5", "uses `double`"),
        ("int(currency) < 5", "uses `int`"),
        ("currency.matches('(a+)+$')", "uses `matches`"),
        ("scopes.all(x, x == 'a')", "uses `all`"),
        ("[1, 2].exists(x, x == hour)", "uses `exists`"),
        ("scopes[0] == 'a'", "`[` at character 7"),
        ("has(currency)", "uses `has`"),
        ("{'a': 1}.a == hour", "something at character 1"),
        ("r'a' == currency", "uses `r`"),
        ("b'a' == currency", "uses `b`"),
        ('"""a""" == currency', "at character 3"),
        ("'\\u0041' == currency", "something at character 1"),
        ("currency == 'GBP' // x", "`/` needs an int"),
        ("currency = 'GBP'", "something at character 10"),
        ("urgent && amount_minor", "needs a bool"),
        ("urgent || currency", "needs a bool"),
        ("urgent ? 1 : 'a'", "needs an int"),
        ("hour ? urgent : urgent", "needs a bool"),
        ("!hour", "needs a bool"),
        ("-urgent == 1", "needs an int"),
        ("urgent < true", "compares a bool"),
        ("scopes == actors", "compares a list of string"),
        ("hour in scopes", "needs a list of int"),
        ("[1, 'a'] == hour", "needs an int"),
        ("hour in [[1]]", "a list of lists"),
        ("hour in []", "`]`"),
        ("currency - 'a' == 'b'", "needs an int"),
        ("currency + 'a' == 'b'", "needs an int"),
        ("size(hour) > 1", "the size of an int"),
        ("hour.startsWith('a')", "needs a string"),
        ("(urgent", "an end"),
        ("urgent)", "`)` at character 7"),
        ("urgent urgent", "`urgent` at character 8"),
        ("hour in", "an end"),
        ("in", "`in`"),
        ("true", "says nothing of the call"),
        ("1 < 2", "says nothing of the call"),
        ("ürgent", "something at character 1"),
        ("(" * (DEEPEST + 1) + "urgent" + ")" * (DEEPEST + 1), "deep"),
        ("(" * 900, "deep"),
        ("!" * 900, "an end"),
    ],
)
def test_what_does_not_fit_is_told(text: str, told: str) -> None:
    with pytest.raises(Mistaken) as found:
        names_in(text, KNOWN)
    assert told in found.value.wrong


VALUES = {"int": [0, 1, -1, 7], "string": ["", "a", "GBP"], "bool": [True, False], "list of string": [[], ["a"]]}
ATOMS = {
    "int": ["hour", "amount_minor", "3", "-2", "size(scopes)", "size(currency)"],
    "string": ["currency", "client", "'a'", '"GBP"'],
    "bool": ["urgent", "true", "'a' in scopes", "hour in [1, 7]"],
}
COMBINED = st.deferred(lambda: _of("bool", 3))


def _of(kind: str, depth: int) -> st.SearchStrategy[str]:
    atoms = st.sampled_from(ATOMS[kind])
    if not depth:
        return atoms
    one = {name: _of(name, depth - 1) for name in ATOMS}
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    either = st.tuples(one["bool"], one[kind], one[kind]).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})")
    more = {
        "int": [st.tuples(one["int"], st.sampled_from("+-*"), one["int"]).map(" ".join)],
        "string": [],
        "bool": [
            st.tuples(one["int"], compare, one["int"]).map(lambda t: f"({' '.join(t)})"),
            st.tuples(one["string"], compare, one["string"]).map(lambda t: f"({' '.join(t)})"),
            st.tuples(one["bool"], st.sampled_from(["&&", "||"]), one["bool"]).map(" ".join),
            one["bool"].map(lambda t: f"!({t})"),
            st.tuples(one["string"], one["string"]).map(lambda t: f"({t[0]}).contains({t[1]})"),
        ],
    }
    return st.one_of(atoms, either, *more[kind])


@given(COMBINED, st.data())
def test_what_is_of_one_type_here_comes_out_of_the_engine_so(text: str, data: st.DataObject) -> None:
    """Random conditions of fitting types: the engine finds no type that does not fit, whatever the values."""
    try:
        used = names_in(text, KNOWN)
    except Mistaken as why:
        assert "says nothing" in why.wrong or "deep" in why.wrong  # noqa: PT017 - one of two ends
        return
    told = {name: data.draw(st.sampled_from(VALUES[KNOWN[name]])) for name in used}
    assert type(cel.evaluate(text, told)) is bool


@given(st.text(alphabet="ab1 .'\"()[]<=!&|?:+-in,hour", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        names_in(text, KNOWN)
    except Mistaken as why:
        assert why.wrong  # noqa: PT017 - either end will do; any other error fails
