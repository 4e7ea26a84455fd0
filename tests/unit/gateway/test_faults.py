from calls import validator

from ringfence.gateway.faults import MAX_FAULTS, MAX_MESSAGE, pointer, schema_faults


def test_pointers_are_escaped() -> None:
    assert pointer(["a/b", 0, "c~d"]) == "/a~1b/0/c~0d"
    assert pointer([]) == ""


def test_the_number_and_length_of_faults_are_bounded() -> None:
    many = validator({"type": "array", "items": {"type": "string", "pattern": "^" + "x" * 2000 + "$"}})
    faults = schema_faults(many, ["y"] * 100, "query.a")
    assert len(faults) == MAX_FAULTS
    assert faults[3].at == "query.a/3"
    assert all(len(fault.message) <= MAX_MESSAGE for fault in faults)
