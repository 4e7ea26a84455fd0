import threading

import pytest

from ringfence.audit.note import COSIGNATURE, ED25519, ML_DSA_44, Checkpoint, Note, message, signed
from ringfence.audit.ports import CannotSign
from ringfence.keys.providers.checkpoint_files import CheckpointFiles

CHECKPOINT = Checkpoint("bank.example/audit", 3, bytes(32))


async def test_what_it_signs_verifies_with_both_kinds(tmp_path):
    signer = CheckpointFiles("bank.example/audit", {ED25519: tmp_path / "a.pem", ML_DSA_44: tmp_path / "b.pem"})
    lines = [signed(key, 7, await signer.sign(key, message(key, CHECKPOINT, 7))) for key in signer.keys]
    note = Note.parse(str(Note(CHECKPOINT, tuple(lines))).encode())
    assert [note.vouched(key) for key in signer.keys] == [0, 7]
    assert [key.kind for key in signer.keys] == [ED25519, ML_DSA_44]


def test_keys_stay_and_are_their_owners_alone(tmp_path):
    path = tmp_path / "keys" / "a.pem"
    first = CheckpointFiles("x", {ED25519: path}).keys
    assert CheckpointFiles("x", {ED25519: path}).keys == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["a.pem"]
    path.chmod(0o640)
    with pytest.raises(CannotSign, match="by others"):
        CheckpointFiles("x", {ED25519: path})


def test_many_who_make_it_at_once_have_one_key(tmp_path):
    found, barrier = [], threading.Barrier(6)

    def make(number: int) -> None:
        barrier.wait()
        found.append(CheckpointFiles("x", {COSIGNATURE: tmp_path / "a.pem"}).keys)

    threads = [threading.Thread(target=make, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path, content):
    (tmp_path / "a.pem").write_bytes(content)
    (tmp_path / "a.pem").chmod(0o600)
    with pytest.raises(CannotSign):
        CheckpointFiles("x", {ED25519: tmp_path / "a.pem"})


def test_another_kind_of_key_is_refused(tmp_path):
    CheckpointFiles("x", {ML_DSA_44: tmp_path / "a.pem"})
    with pytest.raises(CannotSign, match="another kind"):
        CheckpointFiles("x", {ED25519: tmp_path / "a.pem"})
    with pytest.raises(CannotSign, match="cannot be read"):
        CheckpointFiles("x", {ED25519: tmp_path / "a.pem" / "b.pem"})
