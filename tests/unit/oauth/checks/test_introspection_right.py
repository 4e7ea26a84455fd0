import pytest

from ringfence.clock import Instant
from ringfence.oauth.checks.introspection_right import require_concern
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

PARTNER = Client(client_id="partner", name="P", created_at=Instant(0))
RESOURCE = Client(client_id="resource", name="R", grant_types=(), created_at=Instant(0))


@pytest.mark.parametrize(
    ("caller", "owner", "access", "allowed"),
    [
        (PARTNER, "partner", True, True),
        (PARTNER, "partner", False, True),
        (PARTNER, "other", True, False),
        (PARTNER, "other", False, False),
        (RESOURCE, "partner", True, True),
        (RESOURCE, "partner", False, False),
    ],
)
def test_who_may_learn_about_what(caller, owner, access, allowed):
    if allowed:
        require_concern(caller, owner, access=access)
        return
    with pytest.raises(Refused) as caught:
        require_concern(caller, owner, access=access)
    assert caught.value.reason is Reason.CLIENT_UNAUTHORIZED
