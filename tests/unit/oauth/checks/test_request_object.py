import pytest

from ringfence.oauth.checks.request_object import refuse_request_object
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("request", Reason.REQUEST_OBJECT_UNSUPPORTED),
        ("request_uri", Reason.OAUTH_REQUEST),
        ("authorization_details", Reason.OAUTH_REQUEST),
    ],
)
def test_parameters_from_elsewhere(name, reason):
    refuse_request_object({"scope": "a"})
    with pytest.raises(Refused) as caught:
        refuse_request_object({"scope": "a", name: "x"})
    assert caught.value.reason is reason
