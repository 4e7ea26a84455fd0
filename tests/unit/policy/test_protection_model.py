import msgspec
import pytest

from ringfence.policy.protection_model import Protect, ProtectedField, Protection


def test_no_two_purposes_revisions_or_names_share_a_key() -> None:
    rule = Protect(at="/a", on="request", mode="encrypt")
    field = ProtectedField(rule, ("a",), "bank/pay", "/a")
    assert field.scope("encrypt") == "bank/pay#/a@1:encrypt"
    newer = ProtectedField(msgspec.structs.replace(rule, revision=2), ("a",), "bank/pay", "/a")
    assert len({one.scope(purpose) for one in (field, newer) for purpose in ("encrypt", "index")}) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "a#b"},
        {"field": "a@2"},
        {"resource": "a#b"},
        {"keep_last": 5},
        {"bits": 30},
        {"at": "a"},
        {"mode": "hide"},
    ],
)
def test_names_that_could_run_into_each_other_and_masks_that_show_too_much_are_refused(
    wrong: dict[str, object],
) -> None:
    said = {"at": "/a", "on": "request", "mode": "mask"} | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, Protect)


def test_a_key_is_never_used_more_often_than_its_algorithm_allows() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"rotate_uses": 1 << 32}, Protection)
