"""The stand-alone script, run as a reader would: alone, by an isolated Python, against honest and changed proofs."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from logs import ORIGIN, Keys, Running, call

from ringfence.audit import receipt, verifier
from ringfence.audit.bundle import OpenedKey, prove
from ringfence.audit.receipt import ReceiptKey
from ringfence.events.audit import ReceiptKeyMade

KEY = ReceiptKey("day-20416", bytes(range(32)))


class Scene:
    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.folder = folder
        running.grow([ReceiptKeyMade(running.now, KEY.name, KEY.commitment)], "audit-00000001-z.journal")
        running.grow([call(n) for n in range(100)])
        self.held = running.note()
        running.grow([call(n, private="größer \u2028", at=1_764_000_300.1 + n) for n in range(100, 300)])
        self.note = running.note(witnessed=True)
        self.key, self.witness = str(running.signer.key), str(running.witness.key)
        (folder / "held").write_text(str(self.held))

    def bundle(self, index: int = 7, **more: object) -> dict:
        made = prove(self.running.directory, index, self.note, self.running.signer.keys, (), **more)
        return msgspec.json.decode(msgspec.json.encode(made))

    def run(self, bundle: object, *arguments: str, path: str | None = None) -> tuple[int, str]:
        (self.folder / "proof.json").write_text(bundle if isinstance(bundle, str) else json.dumps(bundle))
        environment = {"PATH": os.environ["PATH"] if path is None else path}
        ran = subprocess.run(
            [sys.executable, "-I", "-S", self.folder / "verify.py", self.folder / "proof.json", *arguments],
            capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        assert not ran.stderr
        return ran.returncode, ran.stdout


@pytest.fixture
def scene(running, tmp_path):
    (tmp_path / "verify.py").write_text(Path(verifier.__file__).read_text())
    return Scene(running, tmp_path)


def test_an_honest_proof_verifies(scene):
    code, said = scene.run(scene.bundle(), "--key", scene.key, "--witness", scene.witness)
    assert code == 0
    assert said.splitlines()[-1] == "VERIFIED"
    assert said.count("verified by openssl") == 2


def test_growth_from_what_the_reader_holds_verifies(scene):
    bundle = scene.bundle(since=scene.held)
    code, said = scene.run(bundle, "--key", scene.key, "--seen", str(scene.folder / "held"))
    assert code == 0
    assert "growth from 101 to 301 entries: verified" in said
    code, said = scene.run(scene.bundle(), "--key", scene.key, "--seen", str(scene.folder / "held"))
    assert (code, said.splitlines()[-1]) == (1, "WRONG: the proof does not start from the checkpoint that you hold")


def test_without_openssl_it_says_what_it_did_not_do(scene):
    code, said = scene.run(scene.bundle(), "--key", scene.key, path="/nowhere")
    assert code == 3
    assert "NOT VERIFIED" in said
    assert said.splitlines()[-1] == "HASHES VERIFIED, SIGNATURES NOT"


def test_without_a_key_it_says_that_nobody_was_recognised(scene):
    code, said = scene.run(scene.bundle())
    assert code == 3
    assert "no --key was given" in said


def test_another_key_or_a_witness_that_did_not_cosign_is_wrong(scene):
    for arguments in (("--key", str(Keys(ORIGIN).key)), ("--key", scene.key, "--witness", str(Keys("w", 4).key))):
        code, said = scene.run(scene.bundle(), *arguments)
        assert (code, "is not signed by" in said) == (1, True)


def test_a_forged_signature_is_wrong(scene):
    bundle = scene.bundle()
    stranger = Keys(ORIGIN)
    line = stranger.signature(scene.note.checkpoint)
    forged = msgspec.structs.replace(line, key_id=scene.running.signer.key.key_id)
    bundle["checkpoint"] = scene.note.checkpoint.body() + "\n" + forged.line()
    code, said = scene.run(bundle, "--key", scene.key)
    assert (code, said.splitlines()[-1]) == (1, f"WRONG: the signature by {ORIGIN} does not verify")


def test_no_change_to_a_proof_goes_through(scene):
    """In this process, and without signatures: what is changed must already fail by its hashes, or by its form."""
    dice = random.Random(1)
    bundle = scene.bundle(since=scene.held)
    verifier.check_bundle(bundle, [])
    for member in ("index", "salt", "record", "proof", "checkpoint", "since"):
        for _ in range(25):
            changed = json.loads(json.dumps(bundle))
            value = changed[member]
            if member == "index":
                changed[member] = dice.choice([n for n in range(-2, 400) if n != 7])
            elif member == "proof":
                dice.choice([value.pop, value.reverse, lambda v=value: v.append(v[0]), lambda v=value: v.pop(0)])()
            elif member == "since":
                value["proof"][dice.randrange(len(value["proof"]))] = changed["proof"][0]
            else:
                at = dice.randrange(len(value) if member != "checkpoint" else value.index("\n\n"))
                changed[member] = value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
            try:
                verifier.check_bundle(changed, [])
                verifier.check_growth(changed, [])
                assert member == "checkpoint"
                name_or_size = changed["checkpoint"].splitlines()[:2] != [ORIGIN, str(scene.note.checkpoint.size)]
                assert (
                    name_or_size
                )  # which only the signature covers: a tree of another size has paths of the same form
            except (verifier.Wrong, ValueError, TypeError):
                pass


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": "ringfence-audit-proof/v1"}', '{"a":'])
def test_what_is_no_proof_is_wrong_and_no_traceback(scene, text):
    code, said = scene.run(text, "--key", scene.key)
    assert code == 1
    assert said.startswith("WRONG: ")


def receipt_for(number: int, **members: object) -> str:
    return receipt.write(msgspec.to_builtins(call(number, **members)), KEY)


def test_a_receipt_holds_with_and_without_its_key(scene):
    value = receipt_for(7)
    bundle = scene.bundle(8) | {"receipt": value}
    code, said = scene.run(bundle, "--key", scene.key, "--receipt", value)
    assert code == 0
    assert "does not show who made the receipt" in said
    bundle["receipt_key"] = msgspec.to_builtins(OpenedKey(KEY.secret.hex(), scene.bundle(0)))
    code, said = scene.run(bundle, "--key", scene.key, "--receipt", value)
    assert code == 0
    assert "made with the key that the log had committed to" in said


def test_numbers_and_texts_are_hashed_as_they_were_written(scene):
    value = receipt_for(150, private="größer \u2028", at=1_764_000_300.1 + 150)
    assert scene.run(scene.bundle(151), "--key", scene.key, "--receipt", value)[0] == 0


@pytest.mark.parametrize("members", [{"allowed": False}, {"status": 201}, {"client": "client_x"}])
def test_a_receipt_that_says_something_else_is_wrong(scene, members):
    value = receipt_for(7, **members)
    code, said = scene.run(scene.bundle(8), "--key", scene.key, "--receipt", value)
    assert (code, said.splitlines()[-1]) == (1, "WRONG: the log says something else than the receipt")


def test_a_key_that_was_not_committed_to_shows_nothing(scene):
    value = receipt_for(7)
    other = OpenedKey(bytes(32).hex(), scene.bundle(0))
    code, said = scene.run(
        scene.bundle(8) | {"receipt_key": msgspec.to_builtins(other)}, "--key", scene.key, "--receipt", value
    )
    assert (code, "is not the one that the log committed to" in said) == (1, True)
    forged = receipt.write(msgspec.to_builtins(call(7)), ReceiptKey(KEY.name, bytes(32)))
    opened = msgspec.to_builtins(OpenedKey(KEY.secret.hex(), scene.bundle(0)))
    code, said = scene.run(scene.bundle(8) | {"receipt_key": opened}, "--key", scene.key, "--receipt", forged)
    assert (code, said.splitlines()[-1]) == (1, "WRONG: the receipt was not made with the opened key")
