import pytest

from ringfence.policy.protection_model import Protect
from tests.field_keys import whom


@pytest.mark.parametrize(
    ("tenant", "named"), [("client", "client:client_a"), ("user", "user:user_a"), ("shared", "shared")]
)
def test_whose_a_value_is(tenant: str, named: str) -> None:
    assert whom().tenant(Protect(at="/a", on="request", mode="encrypt", tenant=tenant)) == named


@pytest.mark.parametrize(
    ("mode", "needed", "clear"),
    [
        ("open", (), True),
        ("open", ("payments",), True),
        ("open", ("payments", "cards"), False),
        ("detokenise", ("cards",), False),
        ("mask", (), False),
        ("mask", ("payments",), True),
        ("mask", ("cards",), False),
    ],
)
def test_who_gets_the_value(mode: str, needed: tuple[str, ...], *, clear: bool) -> None:
    assert whom().gets_clear(Protect(at="/a", on="answer", mode=mode, clear_for=needed)) is clear
