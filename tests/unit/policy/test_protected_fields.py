import msgspec
import pytest

from ringfence.policy.protected_fields import EXTENSION, declared_rules, protected_fields, sibling
from ringfence.policy.protection_model import Protect

RULE = Protect(at="/a~1b/c", on="request", mode="blind_index")


def test_names_are_the_operations_where_none_are_given() -> None:
    (field,) = protected_fields((RULE,), {}, "bank", "pay")
    assert (field.resource, field.name, field.parts) == ("bank/pay", "/a~1b/c", ("a/b", "c"))
    named = msgspec.structs.replace(RULE, resource="payment", field="iban", revision=3)
    (field,) = protected_fields((named,), {}, "bank", "pay")
    assert field.scope("index") == "payment#iban@3:index"


def test_the_policy_comes_before_the_document() -> None:
    raw = {EXTENSION: [{"at": "/x", "on": "answer", "mode": "mask"}]}
    assert [field.rule.at for field in protected_fields(None, raw, "a", "o")] == ["/x"]
    assert protected_fields((), raw, "a", "o") == ()
    assert protected_fields(None, {EXTENSION: 7}, "a", "o") == ()
    with pytest.raises(msgspec.ValidationError):
        declared_rules({EXTENSION: [{"at": "/x", "on": "answer", "mode": "mask", "kept": 1}]})


def test_where_an_index_stands() -> None:
    assert sibling(RULE) == "c_index"
    assert sibling(msgspec.structs.replace(RULE, into="hash")) == "hash"
