import pytest

from ringfence.oauth.checks.grant_action import require_grant_action
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    ("action", "grant_id"), [("", ""), ("create", ""), ("merge", "grant_a"), ("replace", "grant_a")]
)
def test_what_goes_together(action, grant_id):
    assert require_grant_action({"grant_management_action": action, "grant_id": grant_id}) == (action, grant_id)


@pytest.mark.parametrize(
    ("action", "grant_id", "reason"),
    [
        ("update", "", Reason.OAUTH_REQUEST),
        ("merge", "", Reason.OAUTH_REQUEST),
        ("create", "grant_a", Reason.OAUTH_REQUEST),
        ("", "grant_a", Reason.OAUTH_REQUEST),
        ("merge", "g" * 129, Reason.GRANT_ID_INVALID),
    ],
)
def test_what_does_not(action, grant_id, reason):
    with pytest.raises(Refused) as caught:
        require_grant_action({"grant_management_action": action, "grant_id": grant_id})
    assert caught.value.reason is reason
