import json

import pytest

from ringfence.events import LoginDecided
from ringfence.export.notice import visible
from ringfence.store.interface import StoredEvent
from tests.scanning import cards, ibans
from tests.told import asked, noticing, raised
from tests.whole_events import full, stored

CARD, IBAN = "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32"


def told(*events: bytes, **settings) -> list[str]:
    batch = [StoredEvent(n, data) for n, data in enumerate(events, 1)]
    return [one.alert for one in noticing(**settings).notices(batch)]


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        (raised(), True),
        (raised(level="low"), False),
        (raised(mode="shadow"), False),
        (raised(mode="enforce"), True),
        (raised(silenced="silence_1"), False),
        (asked(), True),
        (asked(channel="other"), False),
        (asked(silenced="silence_1"), False),
        (asked(level="high"), False),  # the alert itself is told
        (stored(full(LoginDecided)).data, False),
        (b"?", False),
    ],
)
def test_what_a_channel_is_told_of(event: bytes, is_told: bool) -> None:
    assert bool(told(event)) is is_told


def test_without_levels_only_what_playbooks_name() -> None:
    assert told(raised(1, level="critical"), asked(2, level="critical"), levels=()) == ["alert_2"]


def test_no_text_holds_an_account_or_what_a_terminal_obeys() -> None:
    text = f"from {CARD} to {IBAN}\r\nBcc: x@example.org\x1b[2J\u202etxt"
    event = raised(explanation=text, title=text, network="192.0.2.1\r\nX: y")
    (one,) = noticing().notices([StoredEvent(1, event)])
    for part in (one.title, one.explanation, one.document, *one.about):
        assert part.isprintable()
        assert (cards(part), ibans(part)) == ([], [])
    assert "[card]" in one.explanation
    assert json.loads(one.document)["finding_info"]["uid"] == "alert_1"


def test_what_the_policy_redacts_is_redacted_here_too() -> None:
    event = raised(user="user_ann", explanation="user_ann was seen", client="c_1")
    (one,) = noticing(classes=frozenset({"personal"})).notices([StoredEvent(1, event)])
    assert "user_ann" not in f"{one}"
    assert any(part.startswith("user hmac:") for part in one.about)
    assert "client c_1" in one.about
    assert one.alert == "alert_1"  # whoever is told has to find it


def test_characters_that_are_not_shown_become_escapes() -> None:
    assert visible("ü a\nb\u200b\x00\ud800") == "ü a\\nb\\u200b\\x00\\ud800"
