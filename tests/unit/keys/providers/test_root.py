import stat

import pytest

from ringfence.ids import system_random
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.root import open_root, seal_root
from ringfence.secret import Secret

COST = 1 << 8  # the test is not about time


def test_a_sealed_root_opens_with_its_passphrase_only(tmp_path) -> None:
    path = tmp_path / "root.key"
    root = open_root(path, Secret("right"), system_random, COST)
    assert len(root) == 32
    assert open_root(path, Secret("right"), system_random, COST) == root
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeyUnusable, match="another passphrase"):
        open_root(path, Secret("wrong"), system_random, COST)
    with pytest.raises(KeyUnusable, match="names no passphrase"):
        open_root(path, None, system_random, COST)


def test_sealing_a_root_that_lay_open_keeps_it(tmp_path) -> None:
    path = tmp_path / "root.key"
    root = open_root(path, None, system_random, COST)
    with pytest.raises(KeyUnusable, match="not sealed"):
        open_root(path, Secret("new"), system_random, COST)
    seal_root(path, root, Secret("new"), system_random, COST)
    assert open_root(path, Secret("new"), system_random, COST) == root
    assert [entry.name for entry in tmp_path.iterdir()] == ["root.key"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"seal": "none", "key": "!"}', b'{"seal": "rot13", "key": ""}'])
def test_a_damaged_file_is_never_replaced(tmp_path, content) -> None:
    path = tmp_path / "root.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable, match="damaged"):
        open_root(path, None, system_random)
    assert path.read_bytes() == content


def test_a_file_that_others_may_read(tmp_path) -> None:
    path = tmp_path / "root.key"
    open_root(path, None, system_random)
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="others"):
        open_root(path, None, system_random)
