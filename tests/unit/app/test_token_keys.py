import json
from pathlib import Path

import pytest
from jwcrypto import jwk

from ringfence.app import token_keys
from ringfence.app.token_keys import FileTokenKeys


def published(path: Path, *kids: str) -> None:
    keys = [
        jwk.JWK.generate(kty="EC", crv="P-256", kid=kid, alg="ES256", use="sig").export_public(as_dict=True)
        for kid in kids
    ]
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": keys}))
    beside.rename(path)


def test_a_key_that_appears_later_is_found_and_one_that_is_withdrawn_is_gone_at_once(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    keys = FileTokenKeys(path)
    assert keys.key("a") is None
    published(path, "a")
    found = keys.key("a")
    assert found is not None
    assert found.kid == "a"
    published(path, "b")
    assert keys.key("a") is None
    assert keys.key("b") is not None


def test_a_file_is_read_once_however_many_unknown_ids_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    reads: list[object] = []
    monkeypatch.setattr(token_keys, "parse_jwks", lambda document: reads.append(document) or {})
    assert all(keys.key(f"x{n}") is None for n in range(100))
    assert reads == []
    path.write_text("{")
    assert keys.key("a") is not None
    assert keys.key("a") is not None
    published(path, "b")
    keys.key("b")
    keys.key("b")
    assert len(reads) == 1


def test_a_file_that_is_gone_leaves_the_known_keys(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    path.unlink()
    assert keys.key("a") is not None


def test_every_key_may_be_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    published(path)
    assert keys.key("a") is None


def test_a_broken_file_leaves_the_known_keys(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    for text in ("{", '{"keys": 3}', '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}'):
        path.write_text(text)
        keys.read_again()
        assert keys.key("a") is not None
