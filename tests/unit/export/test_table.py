import pytest

from ringfence.export.record import NOT_UNDERSTOOD, tag_of
from ringfence.export.table import ROWS, row_of
from tests.whole_events import KINDS

ECS_CATEGORIES = {
    "api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam",
    "intrusion_detection", "library", "malware", "network", "package", "process", "registry", "session", "threat",
    "vulnerability", "web",
}  # fmt: skip
ECS_TYPES = {
    "access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied", "device", "end", "error",
    "group", "indicator", "info", "installation", "protocol", "start", "user",
}  # fmt: skip


def test_every_kind_of_event_has_a_row_and_every_row_a_kind() -> None:
    assert set(ROWS) == {tag_of(kind) for kind in KINDS} | {NOT_UNDERSTOOD}


@pytest.mark.parametrize("tag", ROWS)
def test_a_row_speaks_of_fields_that_its_event_has(tag: str) -> None:
    row = ROWS[tag]
    fields = {name for kind in KINDS if tag_of(kind) == tag for name in kind.__struct_fields__} | {""}
    for choice in (row.severity, row.ocsf.activity, row.ecs.type):
        assert choice.field in fields
    assert set(row.ecs.category) <= ECS_CATEGORIES
    assert {row.ecs.type.otherwise, *row.ecs.type.values.values()} <= ECS_TYPES
    assert len({place for name, place in row.ocsf.places.items() if name in fields}) == len(
        [name for name in row.ocsf.places if name in fields]
    )


def test_a_kind_without_a_row_is_one_that_is_not_understood() -> None:
    assert row_of("a.b.v9") is ROWS[NOT_UNDERSTOOD]
