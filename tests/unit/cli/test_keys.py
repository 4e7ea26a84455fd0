"""`ringfence keys`: what is printed, against a management API that answers as the signer's does.

The commands on a running installation are in `tests/flow/app/test_keys.py`.
"""

import json
from pathlib import Path
from typing import ClassVar

import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import keys

KEY = {
    "key": "key_1",
    "kid": "kid-1",
    "purpose": "token",
    "algorithm": "ES256",
    "provider": "local",
    "state": "active",
    "activated_at": 1.8e9,
    "why": "age",
}
WISH = {
    "wish": "wish_1",
    "wants": "compromise key_1",
    "key": "key_1",
    "tenant": "",
    "shredded": 0,
    "new_key": "key_2",
    "needs": 2,
    "approved_by": [],
    "expires_at": 1.8e9,
    "done": False,
    "expired": False,
    "seconds": None,
    "rewrapped": 0,
    "left": 10,
    "tokens_signed": 0,
}


class Management:
    answers: ClassVar[dict[str, list]] = {}
    asked: ClassVar[list[tuple[str, object]]] = []

    def __init__(self, policy: Path) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def get(self, path, **_):
        replies = self.answers[path]
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def post(self, path, body):
        self.asked.append((path, body))
        return self.get(path)


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(keys, "Management", Management)
    monkeypatch.setattr(keys, "LOOK_EVERY", 0.0)
    Management.answers, Management.asked = {}, []
    app = typer.Typer()
    keys.register(app)
    policy = tmp_path / "ringfence.yaml"
    policy.write_text("version: 1\n")
    return lambda *arguments: CliRunner().invoke(app, ["keys", *arguments, "--policy", str(policy)])


def test_listing(run):
    Management.answers = {"/keys": [{"items": [KEY]}]}
    assert "key_1" in run("list").stdout
    assert json.loads(run("list", "--json").stdout) == [KEY]
    Management.answers = {"/keys": [{"items": []}]}
    assert "There is no key." in run("list").stdout


@pytest.mark.parametrize(("finished", "says"), [(True, "is active; 3 data keys"), (False, "published, and signs from")])
def test_rotating(run, finished, says):
    done = {"finished": finished, "new": KEY, "rewrapped": 3, "activate_at": 1.8e9}
    Management.answers = {"/keys/token/rotate": [done]}
    assert says in run("rotate", "token", "--why", "w").stdout
    assert Management.asked == [("/keys/token/rotate", {"why": "w"})]


def test_what_a_key_touched(run):
    touched = {
        "key": KEY,
        "signatures": 5,
        "data_keys": 0,
        "tenants": [],
        "fields": [],
        "partners": ["client_1"],
        "first_use": 1.8e9,
        "last_use": None,
    }
    Management.answers = {"/keys/key_1/touched": [touched]}
    out = run("compromise", "key_1", "--dry-run").stdout
    assert "client_1" in out
    assert "Nothing was changed." in out
    assert Management.asked == []


def test_following_a_wish_until_it_is_done(run):
    seen = [
        WISH,
        WISH | {"approved_by": ["uid:1"]},
        WISH | {"approved_by": ["uid:1", "uid:2"], "seconds": 0.1, "rewrapped": 4, "left": 6},
        WISH | {"approved_by": ["uid:1", "uid:2"], "seconds": 2.0, "rewrapped": 10, "left": 0, "done": True},
    ]
    Management.answers = {"/keys/data/compromise": [WISH], "/key-wishes/wish_1": seen}
    out = run("compromise", "data").stdout
    assert "approve wish_1 --socket" in out
    assert "10 data keys wrapped anew (5 a second), 0 unreachable, in 2.00 s." in out


def test_a_wish_that_nobody_approves(run):
    Management.answers = {"/keys/data/compromise": [WISH], "/key-wishes/wish_1": [WISH, WISH | {"expired": True}]}
    assert "not done yet" in run("compromise", "data").stdout
    assert "not done yet" in run("compromise", "data", "--no-wait").stdout


def test_an_approval_without_a_signer(run):
    refused = run("approve", "wish_1")
    assert refused.exit_code == 2
    assert "--socket" in refused.output


SHREDDING = WISH | {"wants": "shred user:alice", "tenant": "user:alice", "left": 0}


def test_shredding_is_looked_at_asked_for_and_followed(run):
    kept = {"tenant": "user:alice", "data_keys": 2, "by_field": [{"field": "/pan", "data_keys": 2}]}
    Management.answers = {"/key-tenants/user%3Aalice": [kept]}
    assert json.loads(run("shred", "user:alice", "--dry-run", "--json").stdout) == kept
    assert "/pan" in run("shred", "user:alice", "--dry-run").stdout
    assert Management.asked == []
    done = SHREDDING | {"done": True, "seconds": 0.0, "shredded": 2, "approved_by": ["uid:1", "uid:2"]}
    Management.answers = {"/key-shreddings": [SHREDDING], "/key-wishes/wish_1": [SHREDDING, done]}
    shown = run("shred", "user:alice", "--why", "they left").stdout
    assert "approve wish_1" in shown
    assert "2 data keys of user:alice are gone for good" in shown
    assert Management.asked == [("/key-shreddings", {"tenant": "user:alice", "why": "they left"})]


def test_a_shredding_that_nobody_approved(run):
    Management.answers = {
        "/key-shreddings": [SHREDDING],
        "/key-wishes/wish_1": [SHREDDING | {"expired": True}],
    }
    assert "not done yet" in run("shred", "user:alice").stdout
    Management.answers = {"/key-shreddings": [SHREDDING]}
    assert json.loads(run("shred", "user:alice", "--no-wait", "--json").stdout)["done"] is False


def test_a_key_is_offered_and_imported(run, tmp_path):
    offer = {"import": "import_1", "public_key": "PEM\n", "algorithm": "RSA_AES_KEY_WRAP_SHA_256", "expires_at": 1.8e9}
    Management.answers = {"/keys/data%40client%3Aa/import-offer": [offer]}
    assert "import_1" in run("import-offer", "data@client:a", "-o", str(tmp_path / "public.pem")).stdout
    assert (tmp_path / "public.pem").read_text() == "PEM\n"
    (tmp_path / "wrapped").write_bytes(b"\x00\x01\x02")
    done = KEY | {"purpose": "data@client:a", "origin": "imported"}
    Management.answers = {"/key-imports/import_1": [done]}
    assert "imported for data@client:a" in run("import", "import_1", "--file", str(tmp_path / "wrapped")).stdout
    assert Management.asked[-1] == ("/key-imports/import_1", {"wrapped": "AAEC", "why": "operator"})
    wish = {"wish": "wish_7", "wants": "import data", "why": "theirs (check value 0A1B2C)", "expires_at": 1.8e9}
    Management.answers = {"/key-imports/import_1": [wish]}
    said = run("import", "import_1", "--file", str(tmp_path / "wrapped")).stdout
    assert "import data: theirs (check value 0A1B2C)" in said
    assert "keys approve wish_7" in said
