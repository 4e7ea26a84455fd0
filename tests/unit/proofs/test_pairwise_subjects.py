import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.problem import Reason, Refused
from ringfence.proofs.pairwise_subjects import PREFIX, PairwiseSubjects, PublicSubjects, public_only

SUBJECTS = PairwiseSubjects(b"k" * 64)
USER = "user_abcdefghijklmnopqrstuvwxyz"


@given(st.text(min_size=1, max_size=64).filter(lambda t: t.isprintable()), st.text(max_size=100))
def test_each_leads_back_and_to_one_user_only(user: str, sector: str) -> None:
    subject = SUBJECTS.subject(user, sector)
    assert subject == SUBJECTS.subject(user, sector)
    assert SUBJECTS.user_of(subject) == user


def test_sectors_and_keys_have_nothing_in_common() -> None:
    found = {
        SUBJECTS.subject(USER, "a.example"),
        SUBJECTS.subject(USER, "b.example"),
        SUBJECTS.subject(USER + "2", "a.example"),
        PairwiseSubjects(b"o" * 64).subject(USER, "a.example"),
    }
    assert len(found) == 4
    assert len({one[:30] for one in found}) == 4
    assert all(len(one) <= 255 and one.startswith(PREFIX) and USER not in one for one in found)


def test_a_public_subject_is_the_user() -> None:
    assert SUBJECTS.user_of(USER) == public_only(USER) == PublicSubjects().user_of(USER) == USER


def test_what_was_not_made_here_leads_nowhere() -> None:
    real = SUBJECTS.subject(USER, "a.example")
    wrong = [PREFIX, PREFIX + "AAAA", PREFIX + "A" * 84, real[:-2], real + "A", real[:-1] + "!", real.swapcase()]
    wrong.append(PairwiseSubjects(b"o" * 64).subject(USER, "a.example"))
    for subject in wrong:
        if not subject.startswith(PREFIX):
            continue
        for lead_back in (SUBJECTS.user_of, public_only):
            with pytest.raises(Refused) as refused:
                lead_back(subject)
            assert refused.value.reason is Reason.TOKEN_MALFORMED


def test_without_a_key_none_is_made() -> None:
    with pytest.raises(Refused) as refused:
        PublicSubjects().subject(USER, "a.example")
    assert refused.value.reason is Reason.INTERNAL
