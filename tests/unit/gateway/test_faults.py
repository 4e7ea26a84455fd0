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


def test_a_long_value_does_not_hide_what_is_wrong_with_it() -> None:
    (fault,) = schema_faults(validator({"type": "string", "maxLength": 20}), "x" * 5000)
    assert fault.message.startswith('"xxx')
    assert fault.message.endswith(" is longer than 20 characters")
    assert len(fault.message) <= MAX_MESSAGE


def test_alternatives_of_another_type_do_not_hide_the_one_that_was_meant() -> None:
    inner = {"type": "object", "properties": {"n": {"anyOf": [{"type": "null"}, {"enum": ["a"], "type": "string"}]}}}
    either = validator({"type": "object", "properties": {"a": {"anyOf": [inner, {"type": "string"}]}}})
    (fault,) = schema_faults(either, {"a": {"n": "b"}}, "body")
    assert fault.at == "body/a/n"
    assert "is not one of" in fault.message


def test_alternatives_that_may_all_have_been_meant_are_told_as_such() -> None:
    either = validator({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "string", "pattern": "^x"}]})
    (fault,) = schema_faults(either, "abc")
    assert "anyOf" in fault.message
    (other,) = schema_faults(validator({"anyOf": [{"type": "string"}, {"type": "null"}]}), 5)
    assert "anyOf" in other.message
