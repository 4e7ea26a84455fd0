import pytest
from logs import ORIGIN, Keys

from ringfence.audit.note import Checkpoint, Note, NoteInvalid
from ringfence.audit.witness_protocol import Submission, read_submission, write_submission

CHECKPOINT = Checkpoint(ORIGIN, 12, bytes(32))
NOTE = Note(CHECKPOINT, (Keys(ORIGIN).signature(CHECKPOINT),))


@pytest.mark.parametrize(("old", "count"), [(0, 0), (7, 3), (12, 63)])
def test_a_submission_comes_back_as_it_went(old, count):
    proof = [bytes([n]) * 32 for n in range(count)]
    body = write_submission(old, proof, NOTE)
    assert body.startswith(b"old %d\n" % old)
    assert read_submission(body) == Submission(old, tuple(proof), NOTE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"old 7", b"old 07"), (b"old 7", b"old -1"), (b"old 7", b"new 7"), (b"old 7", b"old 7 "), (b"old 7", "old ７".encode()),
        (b"\n\n", b"\n"), (b"AQEB", b"A!EB"), (b"old 7\n", b"old 7\n" + b"AAAA\n" * 64),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused(old, new):
    body = write_submission(7, [b"\1" * 32], NOTE)
    assert old in body
    with pytest.raises(NoteInvalid):
        read_submission(body.replace(old, new, 1))
    with pytest.raises(NoteInvalid):
        read_submission(b"")
