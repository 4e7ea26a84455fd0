import pytest

from ringfence.clock import Instant
from ringfence.oauth.checks.client_status import require_active, require_grant_type
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

CLIENT = Client(client_id="c", name="C", grant_types=("refresh_token",), created_at=Instant(0))


def test_an_active_client_passes_and_any_other_is_refused():
    assert require_active(CLIENT) is CLIENT
    for status in ("suspended", "revoked"):
        stopped = Client(client_id="c", name="C", status=status, created_at=Instant(0))
        with pytest.raises(Refused) as caught:
            require_active(stopped)
        assert caught.value.reason is Reason.CLIENT_AUTHENTICATION


def test_only_registered_grant_types():
    require_grant_type(CLIENT, "refresh_token")
    with pytest.raises(Refused) as caught:
        require_grant_type(CLIENT, "client_credentials")
    assert caught.value.reason is Reason.CLIENT_UNAUTHORIZED
