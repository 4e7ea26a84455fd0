import hashlib
from pathlib import Path

import pytest

from ringfence.app.leaked_passwords import times_leaked
from ringfence.store.interface import Unavailable


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest().upper()


LEAKED = {f"word{i}": i + 1 for i in range(2000)} | {"påsswörd": 3}


def write(file: Path, lines: list[str], end: str) -> Path:
    file.write_bytes(end.join([*lines, ""]).encode())
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_in_order_is_searched(tmp_path: Path, end: str) -> None:
    file = write(tmp_path / "list", sorted(f"{sha1(word)}:{count}" for word, count in LEAKED.items()), end)
    assert {word: times_leaked(word, file) for word in LEAKED} == LEAKED
    assert [times_leaked(f"other{i}", file) for i in range(500)] == [0] * 500


@pytest.mark.parametrize("count", [0, 1, 2, 94, 95, 96, 97])
def test_files_of_every_small_size(tmp_path: Path, count: int) -> None:
    words = [f"word{i}" for i in range(count)]
    file = write(tmp_path / "list", sorted(sha1(word).lower() for word in words), "\n")
    assert [times_leaked(word, file) for word in words] == [1] * count
    assert times_leaked("other", file) == 0


@pytest.mark.parametrize("suffix", ["", ".txt"])
def test_range_files(tmp_path: Path, suffix: str) -> None:
    for word in (*LEAKED, "other"):
        with (tmp_path / f"{sha1(word)[:5]}{suffix}").open("a") as file:
            file.write(f"{sha1(word)[5:]}:{LEAKED[word]}\r\n" if word in LEAKED else f"{'0' * 35}:1\r\n")
    assert {word: times_leaked(word, tmp_path) for word in LEAKED} == LEAKED
    assert times_leaked("other", tmp_path) == 0


def test_a_list_that_is_none_lets_no_password_pass(tmp_path: Path) -> None:
    assert times_leaked("any", None) == 0
    text = write(tmp_path / "text", ["some other file"] * 1000, "\n")
    for where in (tmp_path / "absent", text, tmp_path):
        with pytest.raises(Unavailable):
            times_leaked("any", where)
