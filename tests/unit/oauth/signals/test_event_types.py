from typing import get_args

import pytest

from ringfence.oauth.signals.event_types import ABOUT_THE_STREAM, NAMES, is_harmless, name_of
from ringfence.policy.signals_model import EventName

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"


def test_every_name_of_the_policy_is_one_type():
    assert sorted(NAMES.values()) == sorted(get_args(EventName))
    assert NAMES[f"{CAEP}session-revoked"] == "session-revoked"
    assert NAMES[f"{RISC}credential-compromise"] == "credential-compromise"
    assert not ABOUT_THE_STREAM & NAMES.keys()


def test_what_a_type_is_called():
    assert name_of(f"{RISC}account-disabled") == "account-disabled"
    assert name_of("https://schemas.openid.net/secevent/ssf/event-type/verification") == "verification"
    assert name_of("x") == "x"


@pytest.mark.parametrize(
    ("kind", "details", "harmless"),
    [
        (f"{CAEP}assurance-level-change", {"change_direction": "increase"}, True),
        (f"{CAEP}assurance-level-change", {"change_direction": "Increase"}, False),
        (f"{CAEP}device-compliance-change", {"current_status": "compliant"}, True),
        (f"{CAEP}device-compliance-change", {"previous_status": "compliant"}, False),
        (f"{CAEP}risk-level-change", {"current_level": "LOW"}, True),
        (f"{CAEP}risk-level-change", {"current_level": "MEDIUM"}, False),
        (f"{CAEP}session-revoked", {"current_status": "compliant"}, False),
        ("device-compliance-change", {"current_status": "compliant"}, False),
    ],
)
def test_what_calls_for_nothing(kind, details, harmless):
    assert is_harmless(kind, details) is harmless
