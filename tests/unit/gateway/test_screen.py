from typing import Any

import pytest
from calls import limited, operation, parameter, request, validator

from ringfence.gateway.screen import screen
from ringfence.gateway.screening import pattern_set
from ringfence.gateway.screening.pattern_set import PatternSet, Unreadable
from ringfence.gateway.stages import Screened, Valid
from ringfence.policy.free_text import FreeText, everything
from ringfence.policy.operations import Body
from ringfence.policy.screening_model import Screening, ScreeningException
from ringfence.problem import Fault, Reason, Refused

PATTERNS = PatternSet()
ATTACK = "1' or '1'='1"


def valid(payload: Any, query: dict[str, Any] | None = None, **screening: Any) -> Valid:
    op = operation(
        method="POST",
        parameters=(parameter("q", {"type": "string"}, texts=everything()),),
        bodies={"application/json": Body("application/json", validator({}), texts=everything())},
        screening=Screening(**screening),
    )
    asked = request("POST", headers=(("content-type", "Application/JSON; charset=utf-8"),))
    return Valid(limited(op, asked), b"", payload, query or {})


def test_plain_text_passes() -> None:
    call = valid({"note": "rent", "lines": ["O'Keefe & Sons"]}, {"query.q": "march"})
    assert screen(call, PATTERNS) == Screened(call)


def test_an_attack_is_refused_with_its_place_and_without_the_pattern() -> None:
    with pytest.raises(Refused) as refused:
        screen(valid({"a": [{"note": ATTACK}], "b": "fine"}, {"query.q": "{{7*7}}"}), PATTERNS)
    assert refused.value.reason is Reason.SUSPICIOUS_TEXT
    assert [fault.at for fault in refused.value.faults] == ["query.q", "/a/0/note"]
    assert refused.value.private == "query.q=template /a/0/note=sql"
    assert "sql" not in str(refused.value.faults)


def test_a_name_of_a_member_is_text_too() -> None:
    with pytest.raises(Refused) as refused:
        screen(valid({"$where": 1}), PATTERNS)
    assert refused.value.faults[0] == Fault("/$where", refused.value.faults[0].message)


def test_shadow_lets_pass_and_tells() -> None:
    assert screen(valid({"note": ATTACK}, mode="shadow"), PATTERNS).found == (("/note", ("sql",)),)


def test_off_reads_nothing() -> None:
    assert screen(valid({"note": ATTACK}, mode="off"), PATTERNS).found == ()


def test_exceptions_take_a_place_or_a_class_away_and_nothing_else() -> None:
    place = ScreeningException(at="/note", reason="free")
    sql = ScreeningException(at="/*", classes=("sql",), reason="queries")
    assert screen(valid({"note": ATTACK}, exceptions=(place,)), PATTERNS).found == ()
    assert screen(valid({"note": ATTACK}, exceptions=(sql,)), PATTERNS).found == ()
    for call in (
        valid({"other": ATTACK}, exceptions=(place,)),
        valid({"note": "<script>alert(1)</script>"}, exceptions=(sql,)),
        valid({}, {"query.q": ATTACK}, exceptions=(place, sql)),
    ):
        with pytest.raises(Refused):
            screen(call, PATTERNS)


@pytest.mark.parametrize("content_type", ["application/jose", "application/jwt", "text/plain", ""])
def test_what_the_body_was_held_against_decides_and_not_what_the_caller_called_it(content_type: str) -> None:
    found = limited(operation(method="POST"), request("POST", headers=(("content-type", content_type),)))
    for declared in (Body("application/json", validator({}), texts=everything()), Body("x/y", validator({})), None):
        with pytest.raises(Refused) as refused:
            screen(Valid(found, b"", {"note": ATTACK}, {}, declared=declared), PATTERNS)
        assert refused.value.private == "/note=sql"
    bounded = Body("application/json", validator({}), texts=FreeText({}).of({"properties": {"note": {"const": "x"}}}))
    screen(Valid(found, b"", {"note": ATTACK}, {}, declared=bounded), PATTERNS)


def test_a_parameter_of_which_nothing_is_known_is_read() -> None:
    known = limited(operation(parameters=(parameter("q", {"type": "string"}),)), request())
    with pytest.raises(Refused):
        screen(Valid(known, b"", None, {"query.q": ATTACK}), PATTERNS)


def test_two_harmless_texts_do_not_make_an_attack_together() -> None:
    screen(valid(["union all", "select", "'", "or 1=", "1"]), PATTERNS)


def test_a_text_that_cannot_be_read_to_its_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object) -> None:
        raise Unreadable

    monkeypatch.setattr(pattern_set._Automaton, "hits", unreadable)
    with pytest.raises(Refused) as refused:
        screen(valid({"note": "rent"}), PATTERNS)
    assert refused.value.private == "/note=unreadable /note=unreadable", "the name is text too"
