import pytest

from ringfence.oauth.checks.notification_token import require_notification_token
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def client(mode: str) -> Client:
    return Client(client_id="c", name="C", created_at=1.0, backchannel_token_delivery_mode=mode)


def test_who_polls_needs_none_and_keeps_none():
    assert require_notification_token({"client_notification_token": "x" * 30}, client("poll")) == ""
    assert require_notification_token({"client_notification_token": "x" * 22}, client("ping")) == "x" * 22


@pytest.mark.parametrize("token", ["", "x" * 21, "x" * 1025, "x" * 30 + "\n", "x" * 30 + "\r\na: b", "é" * 30])
def test_a_token_that_could_be_guessed_or_end_its_field(token):
    with pytest.raises(Refused) as refused:
        require_notification_token({"client_notification_token": token}, client("ping"))
    assert refused.value.reason is Reason.OAUTH_REQUEST


def test_a_client_that_does_not_ask_so():
    with pytest.raises(Refused) as refused:
        require_notification_token({}, client(""))
    assert refused.value.reason is Reason.CLIENT_UNAUTHORIZED
