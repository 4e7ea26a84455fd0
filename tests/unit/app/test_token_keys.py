import json
from pathlib import Path

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


def test_a_key_that_appears_later_is_found(tmp_path: Path, monkeypatch: object) -> None:
    path = tmp_path / "jwks.json"
    keys = FileTokenKeys(path)
    assert keys.key("a") is None
    published(path, "a")
    found = keys.key("a")  # at once: the worker has started before the authorization server
    assert found is not None
    assert found.kid == "a"
    published(path, "a", "b")
    assert keys.key("b") is None
    keys._looked -= token_keys.LOOK_AGAIN_AFTER
    assert keys.key("b") is not None


def test_unknown_ids_do_not_cost_a_read_each(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    published(path, "b")
    assert all(keys.key(f"x{n}") is None for n in range(100))
    assert keys.key("b") is None
    keys.read_again()
    assert keys.key("b") is not None
    assert keys.key("a") is None


def test_a_broken_file_leaves_the_known_keys(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    published(path, "a")
    keys = FileTokenKeys(path)
    for text in ("{", '{"keys": 3}', '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}'):
        path.write_text(text)
        keys.read_again()
        assert keys.key("a") is not None
