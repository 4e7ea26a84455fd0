import os
from pathlib import Path

import pytest

from ringfence.app import transmitter_files
from ringfence.app.transmitter_files import SHORTEST, TransmitterFiles
from ringfence.store.interface import Unavailable

TOKEN = "t" * SHORTEST


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_a_token_is_read_anew_each_time(file: Path) -> None:
    files = TransmitterFiles()
    file.write_text(f"{TOKEN}\n")
    assert files.secret(str(file)).matches(TOKEN)
    file.write_text(f"{TOKEN}2")
    assert files.secret(str(file)).matches(f"{TOKEN}2")


@pytest.mark.parametrize("text", ["", "\n", TOKEN[1:], f"{TOKEN} b", f"{TOKEN}\nb", f"{TOKEN}ä"])
def test_what_is_no_token_lets_nobody_in(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(Unavailable) as why:
        TransmitterFiles().secret(str(file))
    assert TOKEN not in str(why.value)


def test_a_file_that_is_gone(file: Path) -> None:
    with pytest.raises(Unavailable):
        TransmitterFiles().secret(str(file))
    with pytest.raises(Unavailable):
        TransmitterFiles().linked(str(file), "x")


def test_links_lead_to_names(file: Path) -> None:
    file.write_text(
        "# of the identity provider\nidp-17, mia\na,b,tom\n\nlone\n,x\ny,\ntwice,mia\ntwice,tom\nsame,mia\nsame,mia\n"
    )
    files = TransmitterFiles()
    for value, name in (("idp-17", "mia"), ("a,b", "tom"), ("same", "mia"), ("twice", ""), ("lone", ""), ("y", "")):
        assert files.linked(str(file), value) == name
    assert files.linked(str(file), "# of the identity provider") == ""


def test_links_are_read_anew_when_they_have_changed(file: Path) -> None:
    file.write_text("a,mia\n")
    files = TransmitterFiles()
    assert files.linked(str(file), "a") == "mia"
    replaced = file.with_name("new")
    replaced.write_text("a,tom\n")
    os.replace(replaced, file)  # noqa: PTH105 - as a tool replaces it
    assert files.linked(str(file), "a") == "tom"


def test_links_that_are_no_text_or_too_large(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(Unavailable):
        TransmitterFiles().linked(str(file), "a")
    monkeypatch.setattr(transmitter_files, "LARGEST_LINKS", 1)
    with pytest.raises(Unavailable, match="more than"):
        TransmitterFiles().linked(str(file), "a")
