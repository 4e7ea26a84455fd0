import json

from ringfence.export.telling import SHOWN, document, one_sentence, sentences, subject
from tests.told import message, notice


def test_one_alert() -> None:
    one = message()
    assert subject(one) == "[high] Guessing"
    text = "\n".join(sentences(one))
    assert "seen 1" in text
    assert "Raised: 2027-01-15 08:00:01Z" in text
    assert "About: network 192.0.2.1" in text
    assert text.endswith("See: ringfence alerts show alert_1")
    assert one_sentence(one) == ("[high] Guessing: seen 1 (network 192.0.2.1). ringfence alerts show alert_1")
    assert document(one) == '{"n":1}'
    assert (one.message_id, one.until) == ("msg_p1t1", 1)


def test_a_digest_counts_all_and_names_the_newest() -> None:
    many = message(*(notice(n, level="critical" if n % 10 == 0 else "high") for n in range(1, 41)), dropped=3)
    assert subject(many) == "[digest] 40 alerts: 4 critical, 36 high"
    text = sentences(many)
    assert text[0] == "3 earlier alerts were dropped: nobody had taken them."
    assert "  36 × high brute-force" in text
    assert text.index("  4 × critical brute-force") < text.index("  36 × high brute-force")
    assert sum("alerts show" in line for line in text) == SHOWN
    assert "    ringfence alerts show alert_40" in text
    said = json.loads(document(many))
    assert (said["type"], said["timestamp"]) == ("alert.digest", "2027-01-15T08:00:40Z")
    assert (said["data"]["count"], said["data"]["dropped"]) == (40, 3)
    assert said["data"]["alerts"] == [{"n": n} for n in range(21, 41)]
    assert said["data"]["levels"] == {"high": 36, "critical": 4}
    assert "\n" not in one_sentence(many)


def test_the_same_message_has_the_same_id_and_another_one_another() -> None:
    two, three = message(notice(1), notice(2)), message(notice(1), notice(2), notice(3))
    assert two.message_id == message(notice(1), notice(2)).message_id
    assert len({two.message_id, three.message_id, message().message_id}) == 3


def test_no_alert_makes_a_line_of_any_length() -> None:
    long = message(notice(1, title="t" * 5000, explanation="e" * 50_000))
    assert len(subject(long)) <= 180
    assert max(map(len, sentences(long))) <= 5100
    assert len(one_sentence(long)) < 1000
