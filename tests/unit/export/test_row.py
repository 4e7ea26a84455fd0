from ringfence.export.row import outcome_of


def test_the_outcome_is_what_the_event_says_of_itself() -> None:
    assert outcome_of({"allowed": True}) is True
    assert outcome_of({"accepted": False}) is False
    assert outcome_of({"user": "u"}) is None
