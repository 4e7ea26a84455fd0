import msgspec
import pytest
from logs import call

from ringfence.audit.bundle import NotYet, prove
from ringfence.audit.merkle import check_consistency, check_inclusion, leaf_hash
from ringfence.audit.note import Note, decoded


def test_a_bundle_holds_what_it_takes(grown):
    note = grown.note()
    bundle = prove(grown.directory, 77, note, grown.signer.keys, (grown.witness.key,))
    leaf = leaf_hash(decoded(bundle.salt) + bundle.record.encode())
    check_inclusion(leaf, 77, 300, [decoded(step) for step in bundle.proof], note.checkpoint.root)
    assert Note.parse(bundle.checkpoint.encode()) == note
    assert bundle.log_keys == (str(grown.signer.key),)
    assert msgspec.json.decode(bundle.record)["event"]["correlation"] == call(77).correlation


def test_a_bundle_for_a_big_log_is_small(grown):
    assert len(msgspec.json.encode(prove(grown.directory, 5, grown.note(), grown.signer.keys))) < 2600


def test_growth_from_an_earlier_checkpoint_is_shown(running):
    running.grow([call(n) for n in range(100)])
    held = running.note()
    running.grow([call(n) for n in range(100, 300)])
    bundle = prove(running.directory, 5, running.note(), running.signer.keys, since=held)
    assert bundle.since is not None
    proof = [decoded(step) for step in bundle.since.proof]
    check_consistency(100, held.checkpoint.root, 300, running.log.head.root, proof)


def test_what_no_checkpoint_covers_cannot_be_proven_yet(running):
    running.grow([call(n) for n in range(10)])
    note = running.note()
    running.grow([call(10)])
    with pytest.raises(NotYet):
        prove(running.directory, 10, note, running.signer.keys)
    with pytest.raises(NotYet):
        prove(running.directory, 5, note, running.signer.keys, since=running.note())
