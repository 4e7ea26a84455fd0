from pathlib import Path

import pytest

from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.interface import Unavailable


async def test_rows_are_set_taken_away_and_replaced(tmp_path: Path) -> None:
    risk = LmdbRisk(tmp_path / "risk.mdb")
    await risk.put({b"a": b"1", b"b": b"2"})
    assert risk.get([b"a", b"b", b"c"]) == [b"1", b"2", None]
    await risk.put({b"a": None, b"c": b"3"})
    assert risk.get([b"a", b"b", b"c"]) == [None, b"2", b"3"]
    await risk.put({b"d": b"4"}, whole=True)
    assert risk.get([b"a", b"b", b"c", b"d"]) == [None, None, None, b"4"]
    risk.close()


async def test_it_is_the_users_alone_and_stays(tmp_path: Path) -> None:
    risk = LmdbRisk(tmp_path / "risk.mdb")
    await risk.put({b"a": b"1"})
    risk.close()
    assert (tmp_path / "risk.mdb").stat().st_mode & 0o077 == 0
    again = LmdbRisk(tmp_path / "risk.mdb")
    assert again.get([b"a"]) == [b"1"]
    again.close()


async def test_what_cannot_be_done_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        LmdbRisk(tmp_path / "file" / "risk.mdb")
    risk = LmdbRisk(tmp_path / "risk.mdb")
    with pytest.raises(Unavailable):
        await risk.put({b"": b"no key"})
    with pytest.raises(Unavailable):
        risk.get([b""])
    risk.close()
