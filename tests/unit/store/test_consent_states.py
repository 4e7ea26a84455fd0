"""The table of states: no way back, no way out of an end, and nothing beside the table."""

from hypothesis import given
from hypothesis import strategies as st

from ringfence.store.consent_states import TRANSITIONS, ConsentState, sources

ENDS = {ConsentState.REJECTED, ConsentState.REVOKED, ConsentState.CONSUMED, ConsentState.EXPIRED}


def test_every_state_is_reached_and_ends_stay_ends() -> None:
    assert {after for _, after in TRANSITIONS} == set(ConsentState) - {ConsentState.AWAITING}
    assert {before for before, _ in TRANSITIONS} == set(ConsentState) - ENDS


@given(st.lists(st.sampled_from(ConsentState), max_size=30))
def test_whatever_is_tried_a_consent_moves_twice_at_most_and_never_back(tried: list[ConsentState]) -> None:
    state, passed = ConsentState.AWAITING, [ConsentState.AWAITING]
    for target in tried:
        if state.value in sources(target):
            state = target
            passed.append(state)
    assert len(passed) <= 3
    assert len(set(passed)) == len(passed)
    assert ConsentState.CONSUMED not in passed or ConsentState.AUTHORISED in passed
    assert ConsentState.REVOKED not in passed or ConsentState.AUTHORISED in passed
    assert ConsentState.REJECTED not in passed or ConsentState.AUTHORISED not in passed


def test_nothing_leads_to_awaiting() -> None:
    assert sources(ConsentState.AWAITING) == ()
    assert sources(ConsentState.EXPIRED) == ("Authorised", "AwaitingAuthorisation")
