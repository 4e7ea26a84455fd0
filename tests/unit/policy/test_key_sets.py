import json
from pathlib import Path

import pytest

from ringfence.policy.key_sets import KeySets
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import read_yaml

KEYS = {"keys": [{"kty": "EC", "kid": "1"}]}


@pytest.fixture
def keys(tmp_path: Path) -> KeySets:
    return KeySets(Places(root=tmp_path, state=tmp_path, keys=tmp_path), read_yaml(b"a: {jwks: x.json}\n", "p.yaml"))


def test_a_set_is_read_from_its_file(keys: KeySets, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(KEYS))
    assert keys.read("x.json", ("a", "jwks")) == KEYS
    assert keys.files == [tmp_path / "x.json"]
    assert (len(keys.digests), keys.mistakes) == (1, [])


@pytest.mark.parametrize("jwks", ["", KEYS])
def test_what_is_no_name_of_a_file_stays(keys: KeySets, jwks: object) -> None:
    assert keys.read(jwks, ("a", "jwks")) == jwks
    assert keys.files == keys.mistakes == []


@pytest.mark.parametrize("content", [None, "[]", "{}", '{"keys": []}', '{"keys": [1]}', "nonsense"])
def test_a_file_without_keys_is_a_mistake_with_its_place(keys: KeySets, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "x.json").write_text(content)
    assert keys.read("x.json", ("a", "jwks")) == "x.json"
    (mistake,) = keys.mistakes
    assert "cannot be used" in mistake.message
    assert mistake.line == 1
