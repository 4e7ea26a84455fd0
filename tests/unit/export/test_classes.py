from ringfence.export.classes import FIELDS
from ringfence.export.record import read_record
from ringfence.store.interface import StoredEvent
from tests.whole_events import KINDS


def test_every_field_of_every_event_has_its_classes_and_no_other_name_has() -> None:
    said = {name for kind in KINDS for name in kind.__struct_fields__} | set(read_record(StoredEvent(1, b"{}")).fields)
    assert said - set(FIELDS) == set()
    assert set(FIELDS) - said == set()


def test_a_field_is_a_fact_alone() -> None:
    assert [name for name, classes in FIELDS.items() if "fact" in classes and len(classes) > 1] == []
