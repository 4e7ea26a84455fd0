import stat

import pytest

from ringfence.edge.files import read_file, replace_file
from ringfence.problem import Reason, Refused


def test_a_file_is_replaced_whole_and_gets_exactly_its_permissions(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old")
    old = path.open("rb")
    assert replace_file(path, b"new", 0o600) == path
    assert (path.read_bytes(), old.read()) == (b"new", b"old")
    old.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_laid_in_the_way_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    (tmp_path / ".f.new").symlink_to(victim)
    replace_file(tmp_path / "f", b"new")
    assert victim.read_bytes() == b"kept"


def test_nothing_is_left_behind_where_it_fails(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "f", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(Refused, match="policy-invalid") as caught:
        read_file(tmp_path / "absent", "listeners.public.tls.key")
    assert caught.value.reason is Reason.POLICY_INVALID
    assert "listeners.public.tls.key" in repr(caught.value)
