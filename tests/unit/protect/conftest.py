from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.field_keys import Fields, open_fields


@pytest.fixture
async def fields(tmp_path: Path) -> AsyncIterator[Fields]:
    opened = await open_fields(tmp_path)
    yield opened
    await opened.records.close()
