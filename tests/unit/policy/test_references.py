import pytest

from ringfence.policy.faults import Faults
from ringfence.policy.references import MAX_UNFOLDED_DEPTH, Broken, References


def references(**schemas: object) -> tuple[References, Faults]:
    faults = Faults()
    return References({"components": {"schemas": schemas}}, faults), faults


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    "reference",
    ["file:///etc/passwd", "http://169.254.169.254/", "other.yaml#/a", "//host/x", "urn:x", "", "?x#/components"],
)
def test_a_way_out_of_the_document_is_refused(reference: str) -> None:
    looked, faults = references()
    with pytest.raises(Broken):
        looked.target(reference, "/at")
    assert [(f.fault, f.at) for f in faults.all()] == [("remote-reference", "/at")]


@pytest.mark.parametrize("reference", ["#/components/schemas/Gone", "#anchor", 7, None])
def test_a_reference_to_nothing_is_told(reference: object) -> None:
    looked, faults = references()
    with pytest.raises(Broken):
        looked.target(reference, "/at")
    assert [f.fault for f in faults.all()] == ["dangling-reference"]


def test_chains_are_followed_and_circles_end() -> None:
    looked, faults = references(A=ref("B"), B={"type": "string"}, C=ref("D"), D=ref("C"))
    assert looked.resolved(ref("A"), "/x") == ({"type": "string"}, "/components/schemas/B")
    with pytest.raises(Broken):
        looked.resolved(ref("C"), "/x")
    assert [f.fault for f in faults.all()] == ["endless-reference"]


def test_a_circle_in_one_place_is_endless_but_one_through_members_is_not() -> None:
    looked, faults = references(Tree={"properties": {"left": ref("Tree")}}, Loop={"allOf": [{"oneOf": [ref("Loop")]}]})
    looked.measured(ref("Tree"), "/x")
    with pytest.raises(Broken):
        looked.measured(ref("Loop"), "/x")
    assert [f.fault for f in faults.all()] == ["endless-reference"]


def test_a_reference_bomb_is_measured_not_unfolded() -> None:
    schemas = {f"L{i}": {"allOf": [ref(f"L{i + 1}")] * 2} for i in range(40)} | {"L40": {"type": "object"}}
    looked, faults = references(**schemas)
    with pytest.raises(Broken):
        looked.measured(ref("L0"), "/x")
    assert [f.fault for f in faults.all()] == ["too-complex"]


def test_a_long_chain_in_one_place_is_too_deep_for_the_validator() -> None:
    count = MAX_UNFOLDED_DEPTH * 100
    schemas = {f"L{i}": {"allOf": [ref(f"L{i + 1}")]} for i in range(count)} | {f"L{count}": {}}
    looked, faults = references(**schemas)
    with pytest.raises(Broken):
        looked.measured(ref("L0"), "/x")
    assert [f.fault for f in faults.all()] == ["too-complex"]
