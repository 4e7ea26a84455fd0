from pathlib import Path

import pytest

from ringfence.app.subjects import FileSubjects
from ringfence.problem import Reason, Refused
from ringfence.proofs.pairwise_subjects import KEY_BYTES, PairwiseSubjects
from ringfence.store.interface import Unavailable


def test_the_key_is_read_when_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    user_of = FileSubjects(file)
    assert user_of("user_a") == "user_a"
    subject = PairwiseSubjects(b"k" * KEY_BYTES).subject("user_a", "a.example")
    with pytest.raises(Unavailable):
        user_of(subject)
    file.write_bytes(b"short")
    with pytest.raises(Unavailable, match="does not hold"):
        user_of(subject)
    file.write_bytes(b"k" * KEY_BYTES)
    assert user_of(subject) == "user_a"
    file.unlink()
    assert user_of(subject) == "user_a"
    with pytest.raises(Refused) as refused:
        user_of(PairwiseSubjects(b"o" * KEY_BYTES).subject("user_a", "a.example"))
    assert refused.value.reason is Reason.TOKEN_MALFORMED
