"""Limits of consents as the policy has them."""

from ringfence.policy.consent_limits_model import LIMITS, ConsentLimits


def test_every_place_is_among_the_limits() -> None:
    assert set(LIMITS) == set(ConsentLimits.__struct_fields__) - {"type", "period", "zone"}
