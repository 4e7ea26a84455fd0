import pytest

from ringfence.oauth.payment_factor import require_authenticator
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

MIA = User(user_id="u", username="mia", password_hash="h", created_at=1.0)


def test_who_has_no_authenticator_cannot_approve_a_payment() -> None:
    with pytest.raises(Refused) as refused:
        require_authenticator(MIA)
    assert refused.value.reason is Reason.AUTHENTICATION_UNMET
    able = User(user_id="u", username="mia", password_hash="h", totp_secret="sealed", created_at=1.0)
    assert require_authenticator(able) is able
