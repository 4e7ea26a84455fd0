from pathlib import Path

from ringfence.clock import Instant
from ringfence.store.case_interface import Case
from ringfence.store.embedded.sqlite_cases import SqliteCases


async def test_what_is_kept_is_there_for_the_next_process_and_for_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "watch.db"
    one = SqliteCases(file)
    await one.open_case(Case("case_1", "t", Instant(1.0), "uid:1", alerts=("a",)))
    await one.close()
    assert file.stat().st_mode & 0o777 == 0o600
    two = SqliteCases(file)
    found = await two.case("case_1")
    assert found is not None
    assert found.alerts == ("a",)
    await two.close()
