import os
import stat
from pathlib import Path

import pytest

from ringfence.store.private_file import create_private, write_once


def test_a_new_file_is_its_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_private(str(tmp_path / "a"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    create_private(str(tmp_path / "a"))
    assert (tmp_path / "a").read_text() == "kept"


def test_what_is_written_once_is_whole_and_stays(tmp_path: Path) -> None:
    write_once(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_once(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
