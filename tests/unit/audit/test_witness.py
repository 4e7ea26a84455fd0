"""A witness cosigns growth and nothing else, remembers before it answers, and keeps what speaks against a log."""

import threading
from pathlib import Path

import pytest
from logs import NOW, ORIGIN, Keys, Running, call

from ringfence.audit.note import COSIGNATURE, Checkpoint, Note, check_signature, signature_lines
from ringfence.audit.proofs import consistency
from ringfence.audit.tiles import nodes
from ringfence.audit.witness import Declined, Witness
from ringfence.audit.witness_protocol import write_submission
from ringfence.store.interface import Unavailable


class Watched:
    """A log, and a witness of it."""

    def __init__(self, running: Running, path: Path) -> None:
        self.running = running
        self.keys = Keys("witness.example/w1", COSIGNATURE)
        self.path = path
        self.witness = self.open()

    def open(self) -> Witness:
        logs = {ORIGIN: (self.running.signer.key,)}
        return Witness(self.path, logs, self.keys.key, self.keys.private.sign)

    def submission(self, old: int, size: int | None = None, note: Note | None = None) -> bytes:
        note = note or self.running.note()
        size = note.checkpoint.size if size is None else size
        return write_submission(old, consistency(nodes(self.running.directory, size), old, size), note)


@pytest.fixture
def watched(running, tmp_path):
    running.grow([call(n) for n in range(10)])
    opened = Watched(running, tmp_path / "witness.db")
    yield opened
    opened.witness.close()


def declined(watched: Watched, body: bytes) -> Declined:
    with pytest.raises(Declined) as found:
        watched.witness.cosign(body, NOW)
    return found.value


def test_growth_is_cosigned_with_the_time(watched):
    line = watched.witness.cosign(watched.submission(0), NOW)
    (signature,) = signature_lines(line)
    assert check_signature(watched.running.note().checkpoint, signature, watched.keys.key) == int(NOW)
    watched.running.grow([call(n) for n in range(10, 300)])
    assert watched.witness.cosign(watched.submission(10), NOW)
    assert watched.witness.cosign(watched.submission(300), NOW)  # the same again: a later time
    note = Note.parse((watched.witness.last(ORIGIN) or "").encode())
    assert note.checkpoint.size == 300
    assert note.vouched(watched.keys.key)
    assert note.vouched(watched.running.signer.key) == 0
    assert watched.witness.last("other") is None
    assert watched.witness.evidence() == []


def test_what_was_cosigned_is_remembered_after_a_restart(watched):
    watched.witness.cosign(watched.submission(0), NOW)
    watched.witness.close()
    watched.witness = watched.open()
    again = declined(watched, watched.submission(0))
    assert (again.status, again.answer) == (409, (b"10\n", "text/x.tlog.size"))


def forked(watched: Watched, size: int, root: bytes = b"r" * 32) -> Note:
    checkpoint = Checkpoint(ORIGIN, size, root)
    return Note(checkpoint, (watched.running.signer.signature(checkpoint),))


def test_a_fork_is_refused_and_kept_as_evidence(watched):
    watched.witness.cosign(watched.submission(0), NOW)
    body = write_submission(10, [], forked(watched, 10))
    assert declined(watched, body).status == 409
    (evidence,) = watched.witness.evidence()
    assert (evidence.origin, evidence.known_size, evidence.submission) == (ORIGIN, 10, body)
    assert "another tree" in evidence.why


def test_a_rollback_is_refused_and_kept_as_evidence(watched):
    watched.witness.cosign(watched.submission(0), NOW)
    for old in (0, 5):
        assert declined(watched, write_submission(old, [], forked(watched, 5))).status == 409
    assert len(watched.witness.evidence()) == 2


def test_growth_without_its_proof_is_refused_and_kept_as_evidence(watched):
    watched.witness.cosign(watched.submission(0), NOW)
    watched.running.grow([call(n) for n in range(10, 300)])
    good = watched.submission(10)
    for body in (
        write_submission(10, [], watched.running.note()),
        write_submission(10, [bytes(32)] * 6, watched.running.note()),
        write_submission(10, consistency(nodes(watched.running.directory, 300), 10, 300), forked(watched, 300)),
    ):
        assert declined(watched, body).status == 422
    assert len(watched.witness.evidence()) == 3
    assert watched.witness.cosign(good, NOW)


def test_what_the_log_did_not_sign_counts_for_nothing(watched):
    checkpoint = watched.running.note().checkpoint
    stranger = Note(checkpoint, (Keys(ORIGIN).signature(checkpoint),))
    assert declined(watched, watched.submission(0, note=stranger)).status == 403
    elsewhere = Checkpoint("other.example/audit", 10, checkpoint.root)
    other = Keys("other.example/audit")
    assert declined(watched, write_submission(0, [], Note(elsewhere, (other.signature(elsewhere),)))).status == 404
    assert declined(watched, write_submission(11, [], watched.running.note())).status == 400
    assert declined(watched, b"nonsense").status == 400
    assert watched.witness.evidence() == []


def test_two_submissions_at_once_never_roll_back(watched):
    """The race that C2SP tlog-witness describes: the smaller one must not win over the larger one."""
    small = watched.submission(0)
    watched.running.grow([call(n) for n in range(10, 300)])
    large = watched.submission(0)
    outcomes: list[str] = []
    statuses: list[int] = []
    barrier = threading.Barrier(8)

    def submit(body: bytes) -> None:
        witness = watched.open()
        barrier.wait()
        try:
            witness.cosign(body, NOW)
            outcomes.append("large" if body is large else "small")
        except Declined as why:
            statuses.append(why.status)
        witness.close()

    threads = [threading.Thread(target=submit, args=(body,)) for body in (small, large) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert statuses == [409] * 7
    note = Note.parse((watched.witness.last(ORIGIN) or "").encode())
    assert note.checkpoint.size == (300 if outcomes == ["large"] else 10)


def test_a_memory_that_cannot_be_written_cosigns_nothing(watched, tmp_path):
    watched.witness._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(Unavailable):
        watched.witness.cosign(watched.submission(0), NOW)
    with pytest.raises(Unavailable):
        Witness(tmp_path / "absent" / "w.db", {}, watched.keys.key, lambda m: b"")
