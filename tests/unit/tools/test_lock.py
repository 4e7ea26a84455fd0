import re

from tools.licences import locked
from tools.lock import HEADER, LOCKS


def test_every_pin_has_hashes_and_no_file_names_an_index():
    for name in ("runtime.txt", "dev.txt", "build.txt"):
        text = (LOCKS / name).read_text()
        assert text.startswith(HEADER)
        pins = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)
        assert "://" not in text


def test_dev_holds_runtime_and_build_in_the_same_versions():
    everything = set(locked(LOCKS / "dev.txt"))
    assert set(locked(LOCKS / "runtime.txt")) <= everything
    assert set(locked(LOCKS / "build.txt")) <= everything
