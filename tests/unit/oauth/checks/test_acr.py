import pytest

from ringfence.oauth.checks.acr import require_acr_values, require_reached
from ringfence.oauth.tokens import ACR_PASSWORD, ACR_TWO_FACTOR, ACRS
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize("asked", ["", ACR_PASSWORD, f"urn:gold {ACR_PASSWORD}", f"{ACR_PASSWORD}  urn:x"])
def test_one_that_can_be_met_will_do(asked):
    assert require_acr_values({"acr_values": asked}, ACRS).split() == asked.split()


@pytest.mark.parametrize("asked", ["urn:gold", "0", ACR_PASSWORD.upper()])
def test_none_that_can_be_met(asked):
    with pytest.raises(Refused) as caught:
        require_acr_values({"acr_values": asked}, ACRS)
    assert caught.value.reason is Reason.AUTHENTICATION_UNMET
    assert caught.value.oauth == "unmet_authentication_requirements"


@pytest.mark.parametrize(
    ("asked", "reached", "enough"),
    [
        ("", "", True),
        (ACR_PASSWORD, "", True),
        (ACR_TWO_FACTOR, "", False),
        (f"{ACR_TWO_FACTOR} {ACR_PASSWORD}", "", True),
        (ACR_PASSWORD, ACR_TWO_FACTOR, True),
        (ACR_TWO_FACTOR, ACR_TWO_FACTOR, True),
        ("urn:gold", ACR_TWO_FACTOR, False),
    ],
)
def test_a_login_reaches_what_was_asked_for_or_more(asked, reached, enough):
    class Said:
        acr_values = asked
        acr = reached

    class Begun:
        asked = Said
        session = Said

    if enough:
        require_reached(Begun)
    else:
        with pytest.raises(Refused) as caught:
            require_reached(Begun)
        assert caught.value.reason is Reason.AUTHENTICATION_UNMET
