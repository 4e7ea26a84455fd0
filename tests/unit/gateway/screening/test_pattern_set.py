import pytest
from attacks import ATTACKS
from bank_texts import TEXTS

from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern
from ringfence.gateway.screening.pattern_set import OWN, InvalidPattern, PatternSet, Unreadable, verdict

PATTERNS = PatternSet()


@pytest.mark.parametrize(("attack", "text"), [(attack, text) for attack, texts in ATTACKS.items() for text in texts])
def test_an_attack_is_seen_as_what_it_is(attack: str, text: str) -> None:
    assert attack in verdict(PATTERNS.marks(text))
    assert PATTERNS.suspicious(f"before\n{text}\nafter"), "also in the middle of other text"


@pytest.mark.parametrize("text", TEXTS)
def test_what_people_write_is_no_attack(text: str) -> None:
    assert verdict(PATTERNS.marks(text)) == ()


def test_every_class_has_attacks_here_and_sure_marks() -> None:
    assert set(ATTACKS) == {str(attack) for attack in AttackClass}
    assert {p.attack for p in OWN if p.weight == SURE} == set(AttackClass)
    assert len({p.name for p in OWN}) == len(OWN)


def test_hints_need_company_and_can_be_ignored() -> None:
    one, two = (Pattern(f"sql-{n}", AttackClass.SQL, HINT, n) for n in "ab")
    sure = Pattern("xss-c", AttackClass.XSS, SURE, "c")
    assert verdict([one]) == ()
    assert verdict([one, two]) == (AttackClass.SQL,)
    assert verdict([one, two, sure], frozenset({"sql"})) == (AttackClass.XSS,)


def test_a_pattern_that_re2_does_not_take_is_named() -> None:
    with pytest.raises(InvalidPattern, match="mine-1"):
        PatternSet([Pattern("mine-1", AttackClass.SQL, SURE, "(?=a)")])


class _OutOfMemory:
    def Match(self, _text: bytes) -> None:  # noqa: N802 - RE2's name
        return None


def test_an_automaton_without_memory_says_so() -> None:
    """RE2 answers «nothing found» when its memory does not do: that must not pass for clean."""
    starved = PatternSet([Pattern("sql-x", AttackClass.SQL, SURE, "x")])
    starved._automata[0]._set = _OutOfMemory()
    with pytest.raises(Unreadable):
        starved.suspicious("abc")


@pytest.mark.parametrize("text", ["\ud800", "\x00", "", "\U0010ffff", "a" * 70_000, "('" * 30_000, "{{" * 30_000])
def test_no_text_breaks_it(text: str) -> None:
    PATTERNS.marks(text)
