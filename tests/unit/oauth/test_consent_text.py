from ringfence.oauth.consent_text import TEXT_VERSION, text_hash
from ringfence.oauth.words import Wording

ONE = (Wording("Pay 1", (("note", "a"),)), Wording("See"))


def test_the_hash_is_of_everything_that_is_shown():
    assert TEXT_VERSION == 1
    base = text_hash("Shop", "Mia", ONE)
    assert len(base) == 64
    others = {
        text_hash("Shop2", "Mia", ONE),
        text_hash("Shop", "Leo", ONE),
        text_hash("Shop", "Mia", ONE[:1]),
        text_hash("Shop", "Mia", ONE[::-1]),
        text_hash("Shop", "Mia", (Wording("Pay 1", (("note", "b"),)), ONE[1])),
        text_hash("Shop", "Mia", (Wording("Pay 1note", (("", "a"),)), ONE[1])),
    }
    assert len(others) == 6
    assert base not in others
    assert base == text_hash("Shop", "Mia", ONE)
