import pytest

from ringfence.clock import Instant
from ringfence.oauth.checks.prompt import earliest_login, require_max_age, require_prompt
from ringfence.problem import Reason, Refused

ASKED, NOW = Instant(1000), Instant(1060)


@pytest.mark.parametrize("value", ["", "none", "login", "login consent", "select_account"])
def test_known_prompts(value):
    assert require_prompt({"prompt": value}) == value


@pytest.mark.parametrize("value", ["none login", "create", "login <b>"])
def test_other_prompts(value):
    with pytest.raises(Refused) as caught:
        require_prompt({"prompt": value})
    assert caught.value.reason is Reason.OAUTH_REQUEST


@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "٣", "9999999999"])
def test_max_age_is_a_number_of_seconds(value):
    assert require_max_age({"max_age": "60"}) == "60"
    with pytest.raises(Refused):
        require_max_age({"max_age": value})


@pytest.mark.parametrize(
    ("prompt", "max_age", "earliest"),
    [
        ("", "", float("-inf")),
        ("login", "", 1000),
        ("consent", "", float("-inf")),
        ("", "0", 1000),
        ("", "30", 1000),
        ("", "3600", -2540),
        ("login", "3600", 1000),
    ],
)
def test_how_old_a_login_may_be(prompt, max_age, earliest):
    assert earliest_login(prompt, max_age, asked_at=ASKED, now=NOW) == earliest
