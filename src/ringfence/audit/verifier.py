"""Verify a proof from a Ringfence audit log, offline, with Python's standard library alone.  RFC 9162 §2.1.3.2; §2.1.4.2.

    python3 verify.py proof.json --key LOG_KEY [--witness WITNESS_KEY …] [--receipt VALUE]

Hashes and proofs are verified here. Signatures are verified by the `openssl` command where there is one;
where there is none, or it does not know the algorithm, this says so, and the exit code is 3.
Exit codes: 0 everything was verified, 1 something is wrong, 3 hashes are right and signatures were not verified.
Take the keys from where you noted them earlier: a proof that brings its own keys proves nothing about who made it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = "ringfence-audit-proof/v1"
ED25519, COSIGNATURE, ML_DSA_44 = 1, 4, 6
SPKI = {
    ED25519: bytes.fromhex("302a300506032b6570032100"),
    COSIGNATURE: bytes.fromhex("302a300506032b6570032100"),
    ML_DSA_44: bytes.fromhex("30820532300b06096086480165030403110382052100"),
}
RECEIPT_MEMBERS = [
    "allowed",
    "api",
    "at",
    "client",
    "correlation",
    "grant",
    "method",
    "operation",
    "path",
    "reason",
    "status",
    "version",
]
RECEIPT_PREFIX = b"ringfence-receipt/v1\n"
WRONG, UNSIGNED = 1, 3
PARTS = 3


class Wrong(Exception):
    """The proof does not hold."""


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Return the root that a proof of inclusion leads to."""
    if not 0 <= index < size:
        raise Wrong(f"there is no entry {index} among {size}")
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise Wrong("the proof of inclusion is too long")
        if at & 1 or at == last:
            found = node(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, step)
        at, last = at >> 1, last >> 1
    if last:
        raise Wrong("the proof of inclusion is too short")
    return found


def roots_from(old_size: int, old_root: bytes, size: int, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Return the two roots that a proof of growth leads to."""
    steps = list(proof)
    if not old_size & (old_size - 1):
        steps.insert(0, old_root)
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not steps:
        raise Wrong("the proof of growth is too short")
    old, new = steps[0], steps[0]
    for step in steps[1:]:
        if last == 0:
            raise Wrong("the proof of growth is too long")
        if at & 1 or at == last:
            old, new = node(step, old), node(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node(new, step)
        at, last = at >> 1, last >> 1
    if last:
        raise Wrong("the proof of growth is too short")
    return old, new


def unbase64(text: str) -> bytes:
    """Read base64 in its one form."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong("malformed base64") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64 that is not in its one form")
    return data


def parse_checkpoint(note: str) -> tuple[str, int, bytes, str, list[tuple[str, bytes, bytes]]]:
    """Return origin, size, root, signed text, and signatures as name, key id and bytes."""
    body, blank, rest = note.rpartition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) != PARTS or not lines[1].isdecimal():
        raise Wrong("the checkpoint is malformed")
    signatures = []
    for line in rest.splitlines():
        parts = line.split(" ")
        if len(parts) != PARTS or parts[0] != "\u2014":
            raise Wrong("a signature line is malformed")
        raw = unbase64(parts[2])
        signatures.append((parts[1], raw[:4], raw[4:]))
    return lines[0], int(lines[1]), unbase64(lines[2]), body + "\n", signatures


def parse_key(text: str) -> tuple[str, bytes, int, bytes]:
    """Return name, key id, kind and public key."""
    parts = text.strip().split("+", 2)
    if len(parts) != PARTS:
        raise Wrong(f"not a key: {text[:60]!r}")
    raw = unbase64(parts[2])
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4]
    if not raw or raw[0] not in SPKI or key_id.hex() != parts[1]:
        raise Wrong(f"the key {parts[0]} is malformed")
    return parts[0], key_id, raw[0], raw[1:]


def signed_message(kind: int, name: str, at: int, origin: str, size: int, root: bytes, body: str) -> bytes:
    """Return what a key of that kind signs."""
    if kind == ED25519:
        return body.encode()
    if kind == COSIGNATURE:
        return f"cosignature/v1\ntime {at}\n{body}".encode()
    named, of = name.encode(), origin.encode()
    head = b"subtree/v1\n\0" + bytes([len(named)]) + named + at.to_bytes(8, "big")
    return head + bytes([len(of)]) + of + bytes(8) + size.to_bytes(8, "big") + root


def openssl_verifies(kind: int, public: bytes, message: bytes, signature: bytes) -> bool | None:
    """Ask the `openssl` command; None where it cannot say."""
    program = shutil.which("openssl")
    if program is None:
        return None
    pem = base64.encodebytes(SPKI[kind] + public).decode()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("key", "message", "signature")}
        files["key"].write_text(f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n")
        files["message"].write_bytes(message)
        files["signature"].write_bytes(signature)
        known = run([program, "pkey", "-pubin", "-in", str(files["key"]), "-noout"])
        if known.returncode:
            return None
        signed = ["-rawin", "-in", str(files["message"]), "-sigfile", str(files["signature"])]
        ran = run([program, "pkeyutl", "-verify", "-pubin", "-inkey", str(files["key"]), *signed])
    return ran.returncode == 0 and b"Verified Successfully" in ran.stdout


def run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a command and return how it ended."""
    return subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - openssl, on files of our own


def check_signatures(note: str, keys: list[str], say: list[str]) -> bool:
    """Return whether every key's signature was verified; False where one could not be. Raises Wrong on a bad one."""
    origin, size, root, body, signatures = parse_checkpoint(note)
    all_checked = True
    for text in keys:
        name, key_id, kind, public = parse_key(text)
        found = [blob for n, i, blob in signatures if (n, i) == (name, key_id)]
        if not found:
            raise Wrong(f"the checkpoint is not signed by {name}")
        at, raw = (0, found[0]) if kind == ED25519 else (int.from_bytes(found[0][:8], "big"), found[0][8:])
        good = openssl_verifies(kind, public, signed_message(kind, name, at, origin, size, root, body), raw)
        if good is False:
            raise Wrong(f"the signature by {name} does not verify")
        when = f", at {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}" if at else ""
        say.append(
            f"signature by {name}{when}: verified by openssl"
            if good
            else f"signature by {name}{when}: NOT VERIFIED, there is no openssl here that knows its algorithm"
        )
        all_checked = all_checked and bool(good)
    return all_checked


def check_bundle(bundle: dict[str, Any], say: list[str]) -> tuple[dict[str, Any], str]:
    """Return the record, whose inclusion was verified, and the checkpoint that it is in."""
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise Wrong(f"not a proof of the form {FORMAT}")
    _, size, root, _, _ = parse_checkpoint(bundle["checkpoint"])
    leaf = hashlib.sha256(b"\0" + unbase64(bundle["salt"]) + bundle["record"].encode()).digest()
    if root_from(leaf, bundle["index"], size, [unbase64(step) for step in bundle["proof"]]) != root:
        raise Wrong(f"the entry is not entry {bundle['index']} of the tree that the checkpoint promises")
    say.append(f"entry {bundle['index']} of {size}: included, {len(bundle['proof'])} hashes verified")
    record = json.loads(bundle["record"])
    if not isinstance(record, dict) or not isinstance(record.get("event"), dict):
        raise Wrong("the entry holds no event")
    return record, bundle["checkpoint"]


def check_held(path: str, bundle: dict[str, Any]) -> None:
    """Check that the proof of growth starts from the checkpoint in a file."""
    held = parse_checkpoint(Path(path).read_text(encoding="utf-8"))
    if "since" not in bundle or parse_checkpoint(bundle["since"]["checkpoint"])[:PARTS] != held[:PARTS]:
        raise Wrong("the proof does not start from the checkpoint that you hold")


def check_growth(bundle: dict[str, Any], say: list[str]) -> None:
    """Check that the log grew from the checkpoint that the reader holds."""
    since = bundle["since"]
    origin, old_size, old_root, _, _ = parse_checkpoint(since["checkpoint"])
    new_origin, size, root, _, _ = parse_checkpoint(bundle["checkpoint"])
    proof = [unbase64(step) for step in since["proof"]]
    if origin != new_origin or old_size > size:
        raise Wrong("the earlier checkpoint is of another log, or of a larger one")
    if old_size == size:
        found = (root, root) if not proof else (b"", b"")
    elif old_size == 0:
        found = (hashlib.sha256(b"").digest(), root)
    else:
        found = roots_from(old_size, old_root, size, proof)
    if found != (old_root, root):
        raise Wrong(f"the log of {size} entries does not begin with the {old_size} that were promised earlier")
    say.append(f"growth from {old_size} to {size} entries: verified")


def receipt_parts(value: str) -> dict[str, str]:
    """Return the members of a receipt."""
    parts = dict(part.strip().split("=", 1) for part in value.split(", "))
    return {name: text.strip('":') for name, text in parts.items()}


def check_receipt(value: str, bundle: dict[str, Any], event: dict[str, Any], say: list[str]) -> None:
    """Check that the entry says what the receipt says, and whose receipt it is where the key was opened."""
    parts = receipt_parts(value)
    if any(name not in event for name in RECEIPT_MEMBERS):
        raise Wrong("the entry is not about a call")
    # What the record holds is canonical already: its members in order and its numbers as they are.
    numbers: dict[str, Any] = {"parse_float": _Number, "parse_int": _Number}
    exact = json.loads(bundle["record"], **numbers)["event"]
    text = "{" + ",".join(f"{json.dumps(n)}:{_text(exact[n])}" for n in RECEIPT_MEMBERS) + "}"
    decision = hashlib.sha256(RECEIPT_PREFIX + text.encode()).digest()
    if parts.get("id") != event["correlation"] or unbase64(parts.get("decision", "")) != decision:
        raise Wrong("the log says something else than the receipt")
    say.append("receipt: the entry says what the receipt says")
    opened = bundle.get("receipt_key")
    if opened is None:
        say.append("receipt: its key is not opened here, so this does not show who made the receipt")
        return
    record, checkpoint = check_bundle(opened["committed"], say)
    secret = bytes.fromhex(opened["secret"])
    committed = record["event"]
    if checkpoint != bundle["checkpoint"] or committed.get("event") != "audit.receipt_key.v1":
        raise Wrong("the receipt's key is not committed to by the same checkpoint")
    if committed["key"] != parts.get("key") or committed["sha256"] != hashlib.sha256(secret).hexdigest():
        raise Wrong("the opened key is not the one that the log committed to")
    if not hmac.compare_digest(
        hmac.digest(secret, RECEIPT_PREFIX + decision, "sha256"), unbase64(parts.get("mac", ""))
    ):
        raise Wrong("the receipt was not made with the opened key")
    say.append("receipt: made with the key that the log had committed to")


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _text(value: Any) -> str:
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> int:
    """Verify what the command line names; print what was and what was not verified."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Verify a proof from a Ringfence audit log, offline."
    )
    parser.add_argument("proof", help="the file that `ringfence audit prove` wrote")
    parser.add_argument("--key", action="append", default=[], help="key of the log, as you noted it earlier")
    parser.add_argument("--witness", action="append", default=[], help="key of a witness that must have cosigned")
    parser.add_argument("--seen", help="file with a checkpoint that you hold; the proof must show growth from it")
    parser.add_argument("--receipt", help="value of a Ringfence-Receipt field that the entry must agree with")
    asked = parser.parse_args(arguments)
    say: list[str] = []
    try:
        bundle = json.loads(Path(asked.proof).read_text(encoding="utf-8"))
        record, checkpoint = check_bundle(bundle, say)
        keys = asked.key or bundle["log_keys"]
        complete = check_signatures(checkpoint, [*keys, *asked.witness], say)
        if asked.seen:
            check_held(asked.seen, bundle)
        if "since" in bundle:
            check_growth(bundle, say)
        receipt = asked.receipt or bundle.get("receipt")
        if receipt:
            check_receipt(receipt, bundle, record["event"], say)
    except (Wrong, KeyError, TypeError, ValueError, OSError) as why:
        sys.stdout.write("".join(f"{line}\n" for line in say))
        sys.stdout.write(f"WRONG: {why if isinstance(why, (Wrong, OSError)) else 'the proof is malformed'}\n")
        return WRONG
    if not asked.key:
        say.append("no --key was given: the proof's own keys were used, which shows nothing about who signed")
    sys.stdout.write("".join(f"{line}\n" for line in say))
    sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.write("VERIFIED\n" if complete and asked.key else "HASHES VERIFIED, SIGNATURES NOT\n")
    return 0 if complete and asked.key else UNSIGNED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
