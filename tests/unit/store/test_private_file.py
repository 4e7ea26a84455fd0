import os
import stat
from pathlib import Path

from ringfence.store.private_file import create_private


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
