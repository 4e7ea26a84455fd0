"""Kept by the contract suite on every engine; here only that the records are whole."""

from pathlib import Path

from ringfence.store.records import open_records


async def test_the_records_keep_protected_fields(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    assert await records.field_keys("t", "f") == []
    assert await records.vault_token("nothing") is None
    assert await records.token_of("t", "f", "i") == ""
