from ringfence.policy.faults import Faults
from ringfence.policy.minimise_model import Minimise
from ringfence.policy.minimised_fields import minimised
from ringfence.policy.references import References

ACCOUNT = {"type": "object", "required": ["id"], "properties": {"id": {}, "balance": {}}}
RAW = {
    "responses": {
        "200": {"content": {"application/json": {"schema": {"type": "array", "items": ACCOUNT}}}},
        "default": {"content": {"text/csv": {"schema": {"required": ["sheet"]}}, "application/json": {}}},
        "4XX": {"content": {"application/json": {"schema": {"required": ["code"], "properties": {"code": {}}}}}},
    }
}
REFERENCES = References({}, Faults())


def test_a_rule_knows_what_good_answers_require() -> None:
    rule = Minimise(fields={"/*/id": "a", "/*/balance": "b", "/code": "c", "/sheet": "d"})
    found = minimised(rule, RAW, REFERENCES)
    assert found is not None
    assert [(field.parts, field.permission, field.required) for field in found.fields] == [
        (("*", "id"), "a", True),
        (("*", "balance"), "b", False),
        (("code",), "c", False),
        (("sheet",), "d", False),
    ]
    assert minimised(None, RAW, REFERENCES) is None
