"""Members are found through references and compositions, and what an alternative alone requires is not sure."""

import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.linking_model import Linking
from ringfence.policy.members import always_there, demanded, described, kinds, require_linkable
from ringfence.policy.references import References

SHAPE = {
    "required": ["amount", "to"],
    "properties": {
        "amount": {"$ref": "#/$defs/amount"},
        "to": {
            "allOf": [
                {"properties": {"iban": {"type": "string"}}, "required": ["iban"]},
                {"properties": {"name": {"type": "string"}}},
            ]
        },
        "list": {"type": "array", "items": {"properties": {"id": {"type": "string"}}}},
        "a/b": {"type": "string"},
        "either": {"oneOf": [{"properties": {"x": {"type": "string"}}, "required": ["x"]}, {"type": "object"}]},
        "loop": {"$ref": "#/properties/loop"},
    },
    "$defs": {
        "amount": {
            "type": "object",
            "required": ["value", "currency"],
            "properties": {"value": {"type": "string"}, "currency": {"type": "string"}, "cents": {"type": "integer"}},
        }
    },
}
REFERENCES = References(SHAPE, Faults())


@pytest.mark.parametrize(
    ("pointer", "types"),
    [
        ("/amount/value", {"string"}),
        ("/to/iban", {"string"}),
        ("/list/*/id", {"string"}),
        ("/list", {"array"}),
        ("/a~1b", {"string"}),
        ("/either/x", {"string"}),
    ],
)
def test_members_are_found(pointer: str, types: set[str]) -> None:
    assert kinds(described(SHAPE, pointer, REFERENCES)) == types


@pytest.mark.parametrize("pointer", ["/none", "/amount/none", "/list/id", "/amount/value/more", "/to/*", "/loop/x"])
def test_what_is_not_declared_is_not_found(pointer: str) -> None:
    assert described(SHAPE, pointer, REFERENCES) == []


@pytest.mark.parametrize(
    ("pointer", "sure"),
    [("/amount/value", True), ("/to/iban", True), ("/to/name", False), ("/amount/cents", False), ("/either/x", False)],
)
def test_what_every_instance_has(pointer: str, sure: bool) -> None:
    assert always_there(SHAPE, pointer, REFERENCES) == sure


def test_a_type_with_amount_currency_and_payee_can_be_linked() -> None:
    require_linkable(SHAPE, Linking(amount="/amount/value", currency="/amount/currency", payee="/to/iban"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"amount": "/total"}, "does not declare"),
        ({"amount": "/amount/cents"}, "not `required`"),
        ({"currency": "/amount"}, "not of type string"),
        ({"payee": "/to/name"}, "not `required`"),
        ({"payee_name": "/to/bic"}, "linking.payee_name"),
    ],
)
def test_what_cannot_be_linked_is_told(changed: dict[str, str], told: str) -> None:
    good = {"amount": "/amount/value", "currency": "/amount/currency", "payee": "/to/iban"}
    with pytest.raises(ValueError, match="linking") as caught:
        require_linkable(SHAPE, Linking(**(good | changed)))
    assert told in str(caught.value)


def test_what_an_object_demands_may_stand_in_an_alternative_or_in_a_list() -> None:
    references = References(SHAPE, Faults())
    for pointer in ("/amount", "/amount/value", "/to/iban", "/either/x"):
        assert demanded(SHAPE, pointer, references)
    for pointer in ("/amount/cents", "/to/name", "/list/*/id", "/list", "/x", "/loop/amount"):
        assert not demanded(SHAPE, pointer, references)
    listed = {"items": {"required": ["a/b"], "properties": {"a/b": {}}}}
    assert demanded(listed, "/*/a~1b", References(listed, Faults()))
