import json
import socket
import sqlite3
from contextlib import closing

import pytest

from ringfence.app.sealing import seal
from ringfence.ids import system_random
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.root import open_root
from ringfence.secret import Secret


def secret(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def on_record(where) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(where.events)) as database:
        found = [json.loads(row[0]) for row in database.execute("select data from events order by position")]
    return [(one["action"], one.get("outcome", "done")) for one in found if one["event"] == "admin.acted.v1"]


def test_a_root_key_is_sealed_sealed_anew_and_stays_the_same(installation, loaded, tmp_path):
    where = loaded.places
    with pytest.raises(KeyUnusable, match="first start"):
        seal(installation, None, {})
    where.keys.mkdir()
    root = open_root(where.root_key, None, system_random)
    secret(tmp_path / "one", "first\n")
    text = installation.read_text()
    installation.write_text(text + "signer: {seal: {passphrase_file: one}}\n")
    seal(installation, None, {})
    assert open_root(where.root_key, Secret("first"), system_random) == root
    with pytest.raises(KeyUnusable, match="is sealed, and the policy"):
        seal(installation, None, {})
    installation.write_text(text + "signer: {seal: {credential: two}}\n")
    (tmp_path / "two").write_text("second")
    seal(installation, tmp_path / "one", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert open_root(where.root_key, Secret("second"), system_random) == root
    assert on_record(where) == [("key.sealed", "done"), ("key.sealed", "refused"), ("key.sealed", "done")]


def test_not_where_it_cannot_be_put_on_record(installation, loaded, tmp_path):
    where = loaded.places
    where.keys.mkdir()
    root = open_root(where.root_key, None, system_random)
    where.events_spill.parent.mkdir(parents=True, exist_ok=True)
    where.events_spill.write_text("a file where the journals should be")
    secret(tmp_path / "one", "first\n")
    installation.write_text(installation.read_text() + "signer: {seal: {passphrase_file: one}}\n")
    with pytest.raises(KeyUnusable, match="record"):
        seal(installation, None, {})
    assert open_root(where.root_key, None, system_random) == root


def test_not_while_the_signer_runs(installation, loaded):
    where = loaded.places
    where.sockets.mkdir(parents=True)
    where.keys.mkdir()
    open_root(where.root_key, None, system_random)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(where.signer_socket("admin")))
        listening.listen()
        with pytest.raises(KeyUnusable, match="stop"):
            seal(installation, None, {})
    assert on_record(where) == [("key.sealed", "refused")]
