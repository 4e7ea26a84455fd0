import pytest

from ringfence.policy.faults import FAULTS, DocumentFault, Faults


def test_a_place_is_named_once_a_fault() -> None:
    faults = Faults()
    faults.add("bad-default", "/a", "one")
    faults.add("bad-default", "/a", "two")
    faults.add("bad-default", "/b", "three")
    assert [(f.at, f.message) for f in faults.all()] == [("/a", "one"), ("/b", "three")]


def test_only_named_faults_exist() -> None:
    with pytest.raises(AssertionError):
        Faults().add("nonsense", "", "")


def test_a_reference_out_of_the_document_is_never_tolerated() -> None:
    assert DocumentFault("remote-reference", "/a", "").tolerated == ""
    assert all(name == name.lower() and " " not in name for name in FAULTS)
