from pathlib import Path

import pytest

from ringfence.store.embedded.lmdb_client_keys import LmdbClientKeys
from ringfence.store.interface import Unavailable


async def test_rows_are_set_replaced_and_taken_away(tmp_path: Path) -> None:
    rows = LmdbClientKeys(tmp_path / "state" / "keys.mdb")
    assert rows.get("a") is None
    await rows.put("a", b"1")
    await rows.put("b", b"2")
    assert (rows.get("a"), rows.get("b")) == (b"1", b"2")
    await rows.put("a", None)
    await rows.put("never", None)
    assert rows.get("a") is None
    await rows.replace({"b": b"2", "c": b"3", "x" * 1000: b"too long"})
    assert [rows.get(name) for name in ("a", "b", "c", "x" * 1000)] == [None, b"2", b"3", None]
    assert (tmp_path / "state" / "keys.mdb").stat().st_mode & 0o777 == 0o600
    rows.close()
    again = LmdbClientKeys(tmp_path / "state" / "keys.mdb")
    assert again.get("c") == b"3"


def test_what_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "keys.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(Unavailable):
        LmdbClientKeys(tmp_path / "keys.mdb")
