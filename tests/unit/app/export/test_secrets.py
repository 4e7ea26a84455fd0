from pathlib import Path

import pytest

from ringfence.app.export.secrets import one_line_secret


def test_a_secret_is_read_each_time_anew(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    read = one_line_secret(file)
    file.write_text("first\n")
    assert read() == "first"
    file.write_text("second")
    assert read() == "second"
    assert one_line_secret(None)() == ""


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "a b", "x" * 5000, "a\x00b"])
def test_what_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    with pytest.raises(ValueError, match="one line"):
        one_line_secret(tmp_path / "secret")()


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="secret"):
        one_line_secret(tmp_path / "secret")()
