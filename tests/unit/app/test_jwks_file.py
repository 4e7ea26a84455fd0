import json
from pathlib import Path

from ringfence.app.jwks_file import JwksFile


def write(path: Path, *kids: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": [{"kid": kid} for kid in kids]}))
    beside.rename(path)


def test_it_follows_the_file_from_before_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "jwks-payload.json"
    file = JwksFile(path)
    assert file.read() == {}
    write(path, "a")
    assert file.read() == {"keys": [{"kid": "a"}]}
    assert file.read() is file.read()
    write(path, "b", "a")
    assert [key["kid"] for key in file.read()["keys"]] == ["b", "a"]
    write(path)
    assert file.read() == {"keys": []}


def test_what_is_known_outlives_it(tmp_path: Path) -> None:
    path = tmp_path / "jwks-payload.json"
    write(path, "a")
    file = JwksFile(path)
    assert file.read()
    path.write_text("{")
    assert file.read() == {"keys": [{"kid": "a"}]}
    path.unlink()
    assert file.read() == {"keys": [{"kid": "a"}]}
