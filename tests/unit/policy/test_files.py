from pathlib import Path

import pytest

from ringfence.policy.files import read_file
from ringfence.policy.yaml_source import MAX_FILE_BYTES


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a" * 100_000)
    assert read_file(file) == b"a" * 100_000
    with file.open("r+b") as large:
        large.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ValueError, match="larger than"):
        read_file(file)
    with pytest.raises(OSError, match="No such file"):
        read_file(tmp_path / "absent")
