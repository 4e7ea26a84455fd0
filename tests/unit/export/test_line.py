"""Lines as they leave; and that no card, account or token leaves, whatever an event holds."""

import pytest

from ringfence.events import AlertRaised, CallDecided, LoginDecided
from ringfence.export.line import FORMS, Rendering, Selection
from ringfence.export.redaction import Redaction
from tests.scanning import CARDS, IBANS, cards, ibans
from tests.whole_events import KINDS, ORIGIN, full, record_of, stored

NOTHING = Redaction(frozenset(), "hash", b"")
TOKENS = ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl", "q" * 21 + "W" * 22)


def rendering(form: str, **selection: tuple[str, ...]) -> Rendering:
    return Rendering(form, Selection(**selection), NOTHING, ORIGIN)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_card_account_or_token_leaves_in_any_field_of_any_event(form: str, kind: type) -> None:
    lines = []
    for n, secret in enumerate((*CARDS, *IBANS, *TOKENS)):
        event = stored(full(kind, f"/x {secret} /y"), n + 1)
        text = event.data.decode()
        assert cards(text) or ibans(text) or secret in text  # the scanner finds what was put in
        lines += rendering(form).lines([event])
    assert len(lines) == len((*CARDS, *IBANS, *TOKENS))
    for line in lines:
        for secret in (*CARDS, *IBANS, *TOKENS):
            assert secret not in line.text


@pytest.mark.parametrize("form", FORMS)
def test_the_scanner_finds_nothing_in_what_an_attacker_s_paths_become(form: str) -> None:
    paths = [f"/a/{secret}/b" for secret in (*CARDS, *IBANS, *TOKENS)]
    events = [stored(record_event(path), n + 1) for n, path in enumerate(paths)]
    out = "\n".join(line.text for line in rendering(form).lines(events))
    assert (cards(out), ibans(out)) == ([], [])
    assert not any(token in out for token in TOKENS)
    raw = "\n".join(e.data.decode() for e in events)
    assert (len(cards(raw)), len(ibans(raw))) == (2 * len(CARDS), 2 * len(IBANS))


def record_event(path: str) -> CallDecided:
    return CallDecided(1.0, "c", "t", allowed=False, status=404, reason="unknown-path", path=path, private=path)


def test_a_sink_gets_the_kinds_and_levels_that_it_wants() -> None:
    takes = Selection(("call.decided", "alert.*")).takes
    assert [takes(record_of(k)) for k in (CallDecided, AlertRaised, LoginDecided)] == [True, True, False]
    assert Selection().takes(record_of(LoginDecided))
    high = Selection(("alert.raised",), ("high",)).takes
    assert [high(record_of(AlertRaised, level=level)) for level in ("high", "low")] == [True, False]
    for takes, both in ((Selection(), True), (Selection(silenced=False), False)):
        assert [takes.takes(record_of(AlertRaised, silenced=one)) for one in ("", "silence_1")] == [True, both]


@pytest.mark.parametrize("form", FORMS)
def test_a_line_is_one_line_whatever_the_event_holds(form: str) -> None:
    hostile = 'a\r\n{"forged":1}\u2028b\x00'
    (line,) = rendering(form).lines([stored(full(CallDecided, hostile))])
    assert line.text.isprintable()
    assert (line.position, line.kind, line.severity) == (7, "call.decided", 1)


def test_the_order_of_the_stream_stays() -> None:
    events = [stored(full(LoginDecided), n) for n in (3, 5, 9)]
    assert [line.position for line in rendering("ecs").lines(events)] == [3, 5, 9]
