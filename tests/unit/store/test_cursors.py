from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.store.cursors import Cursor, Cursors
from ringfence.store.interface import Unavailable


def test_a_cursor_comes_back_as_it_was_kept_and_is_private(tmp_path: Path) -> None:
    cursors = Cursors(tmp_path / "export")
    assert cursors.read("siem") is None
    kept = Cursor(position=7, at=Instant(5.0), failing_since=Instant(6.0), failure="away", given_up=2)
    cursors.write("siem", Cursor(position=1))
    cursors.write("siem", kept)
    assert Cursors(tmp_path / "export").read("siem") == kept
    assert cursors.read("other") is None
    (file,) = (tmp_path / "export").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_or_written_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "siem.json").write_text('{"position":')
    with pytest.raises(Unavailable, match="cursor of siem"):
        Cursors(tmp_path).read("siem")
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        Cursors(tmp_path / "file").write("siem", Cursor())


def test_a_write_that_was_interrupted_leaves_the_last_cursor(tmp_path: Path) -> None:
    cursors = Cursors(tmp_path)
    cursors.write("siem", Cursor(position=3))
    (tmp_path / "siem.making").write_text('{"pos')
    assert cursors.read("siem") == Cursor(position=3)
    cursors.write("siem", Cursor(position=4))
    assert cursors.read("siem") == Cursor(position=4)
