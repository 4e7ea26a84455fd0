import stat
from pathlib import Path

import pytest

from ringfence.app.key_file import ensure_key
from ringfence.ids import system_random
from ringfence.store.interface import Unavailable


def test_a_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    key = ensure_key(path, 32, system_random)
    assert len(key) == 32
    assert ensure_key(path, 32, system_random) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"x")
    for path in (tmp_path / "short", tmp_path / "absent" / "a.key", tmp_path):
        with pytest.raises(Unavailable):
            ensure_key(path, 32, system_random)
    assert (tmp_path / "short").read_bytes() == b"x"
