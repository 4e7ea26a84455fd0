import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from logs import ORIGIN, Keys

from ringfence.audit.note import (
    COSIGNATURE,
    ED25519,
    ML_DSA_44,
    Checkpoint,
    Note,
    NoteInvalid,
    NoteKey,
    Signature,
    decoded,
    message,
    signed,
    vouchers,
)

CHECKPOINT = Checkpoint(ORIGIN, 12, bytes(range(32)))


def test_the_published_example_of_a_key_reads_back():
    """From the documentation of Go's sumdb/note, which C2SP signed-note describes."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = NoteKey.parse(text)
    assert (key.name, key.kind, key.key_id.hex()) == ("PeterNeumann", ED25519, "c74f20a3")
    assert str(key) == text


def test_a_note_comes_back_as_it_went():
    keys = Keys(ORIGIN)
    note = Note(CHECKPOINT, (keys.signature(CHECKPOINT),))
    assert Note.parse(str(note).encode()) == note
    assert note.vouched(keys.key) == 0
    assert str(note).splitlines()[:4] == [ORIGIN, "12", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]


@pytest.mark.parametrize("kind", [COSIGNATURE, ML_DSA_44])
def test_a_cosignature_has_its_time(kind):
    private = MLDSA44PrivateKey.generate() if kind == ML_DSA_44 else Ed25519PrivateKey.generate()
    key = NoteKey("witness.example/w1", kind, private.public_key().public_bytes_raw())
    line = signed(key, 1679315147, private.sign(message(key, CHECKPOINT, 1679315147)))
    note = Note.parse(str(Note(CHECKPOINT, (line,))).encode())
    assert note.vouched(NoteKey.parse(str(key))) == 1679315147
    for changed in (Checkpoint(ORIGIN, 13, CHECKPOINT.root), Checkpoint("other", 12, CHECKPOINT.root)):
        with pytest.raises(NoteInvalid):
            Note(changed, (line,)).vouched(key)
    later = Signature(line.name, line.key_id, (1679315148).to_bytes(8, "big") + line.blob[8:])
    with pytest.raises(NoteInvalid):
        Note(CHECKPOINT, (later,)).vouched(key)


def test_the_message_of_a_cosignature_is_that_of_the_specification():
    key = NoteKey("w", COSIGNATURE, bytes(32))
    assert message(key, CHECKPOINT, 5) == f"cosignature/v1\ntime 5\n{CHECKPOINT.body()}".encode()
    pq = message(NoteKey("w", ML_DSA_44, bytes(1312)), CHECKPOINT, 5)
    origin = ORIGIN.encode()
    assert pq == (
        b"subtree/v1\n\0\x01w" + (5).to_bytes(8, "big") + bytes([len(origin)]) + origin
        + bytes(8) + (12).to_bytes(8, "big") + CHECKPOINT.root
    )  # fmt: skip


def test_a_witness_key_does_not_vouch_as_a_log_key():
    keys = Keys(ORIGIN, COSIGNATURE)
    note = Note(CHECKPOINT, (keys.signature(CHECKPOINT),))
    as_log = NoteKey(ORIGIN, ED25519, keys.key.public)
    assert vouchers(note, [keys.key, as_log]) == {keys.key: 1_764_000_000}


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a+00000000+", "a+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC", "PeterNeumann+c74f20a3+!",
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(text):
    with pytest.raises(NoteInvalid):
        NoteKey.parse(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n12\n", "\n012\n"), ("\n12\n", "\n-1\n"), ("\n12\n", "\n12 \n"), ("\n12\n", "\n12\nextension\n"),
        (ORIGIN, ""), (ORIGIN, "x" * 256), ("AAEC", "AA-C"), ("Hh8=", "Hh9="), ("\n\n", "\n"), ("— ", "- "), ("— ", "—  "),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(old, new):
    text = str(Note(CHECKPOINT, (Keys(ORIGIN).signature(CHECKPOINT),)))
    assert old in text
    with pytest.raises(NoteInvalid):
        Note.parse(text.replace(old, new, 1).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"x" * 70_000, b"a\n1\n\n"])
def test_what_is_no_note_is_refused(data):
    with pytest.raises(NoteInvalid):
        Note.parse(data)


def test_base64_has_one_form():
    assert decoded("AA==") == b"\0"
    for other in ("AB==", "AA", "AA=", "AA==\n", "A A="):
        with pytest.raises(NoteInvalid):
            decoded(other)
