from pathlib import Path

import pytest
from logs import call

from ringfence.audit.note import NoteKey
from ringfence.audit.verify import Trust, Wrong, verify


def test_a_log_that_was_left_alone_is_in_order(grown):
    said = []
    report = verify(grown.directory, Trust((grown.signer.key,), (grown.witness.key,), 1), lambda *p: said.append(p))
    assert report.size == 300
    assert report.checkpoints == 4
    assert report.witnessed_size == 300
    assert report.witnesses == ("witness.example/w1",)
    assert report.producers == 2
    assert report.late == 0
    assert said[-1] == (300, 300)


def test_an_empty_log_is_in_order(running):
    running.promise()
    assert verify(running.directory, Trust((running.signer.key,))).size == 0


def test_without_a_checkpoint_there_is_nothing_to_verify(running):
    with pytest.raises(Wrong, match="no checkpoint"):
        verify(running.directory, Trust((running.signer.key,)))


def test_another_key_of_the_same_name_does_not_vouch(grown):
    other = NoteKey(grown.signer.key.name, 1, bytes(32))
    with pytest.raises(Wrong, match="no signature by"):
        verify(grown.directory, Trust((other,)))


def test_a_quorum_that_is_not_there_is_wrong(grown):
    with pytest.raises(Wrong, match="2 of the 1 witnesses"):
        verify(grown.directory, Trust((grown.signer.key,), (grown.witness.key,), 2))


def test_what_came_late_is_counted(running):
    running.grow([call(0), call(100_000), call(1)])
    running.promise()
    assert verify(running.directory, Trust((running.signer.key,))).late == 2


def test_a_torn_line_at_the_end_of_the_history_is_overlooked(grown):
    with Path(grown.directory / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"note":"torn')
    assert verify(grown.directory, Trust((grown.signer.key,))).checkpoints == 4
    grown.promise()
    assert verify(grown.directory, Trust((grown.signer.key,))).checkpoints == 5


@pytest.mark.parametrize(
    "line", [b'{"note":"\xff","published_at":1}', b'{"note":"\xe2\x28","published_at":1}', b"\xff"]
)
def test_a_line_of_the_history_that_is_no_text_is_said_and_no_failure(grown, line):
    with Path(grown.directory / "checkpoints.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(Wrong, match=r"checkpoints\.jsonl, line \d: "):
        verify(grown.directory, Trust((grown.signer.key,)))
