"""What a policy can say about Cedar."""

from typing import Any

import msgspec
import pytest

from ringfence.policy.cedar_model import Authorization


def test_policies_are_in_force_unless_it_says_otherwise() -> None:
    assert msgspec.convert({"cedar": "policies"}, Authorization).mode == "enforce"


@pytest.mark.parametrize(
    "wrong", [{}, {"cedar": ""}, {"cedar": "p", "mode": "off"}, {"cedar": "p", "on_error": "pass"}]
)
def test_nothing_else_is_taken(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Authorization)
