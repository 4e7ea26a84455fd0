"""Rows become structs, and what does not fit is told."""

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.model import Grant
from ringfence.store.rows import from_row, to_row

GRANT = Grant(grant_id="g", client_id="c", user_id="", scopes=("a",), created_at=Instant(1.0), expires_at=Instant(2.0))


def test_null_stands_for_nobody() -> None:
    assert from_row({**to_row(GRANT), "user_id": None, "scopes": ["a"]}, Grant) == GRANT


def test_what_something_else_wrote_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_row({**to_row(GRANT), "scopes": "a"}, Grant)
