import pytest

from ringfence.oauth.checks.response_type import require_code
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize("parameters", [{"response_type": "code"}, {"response_type": "code", "response_mode": "query"}])
def test_code_in_the_query(parameters):
    require_code(parameters)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, Reason.OAUTH_REQUEST),
        ({"response_type": "token"}, Reason.RESPONSE_TYPE_UNSUPPORTED),
        ({"response_type": "code id_token"}, Reason.RESPONSE_TYPE_UNSUPPORTED),
        ({"response_type": "code", "response_mode": "fragment"}, Reason.OAUTH_REQUEST),
        ({"response_type": "code", "response_mode": "jwt"}, Reason.OAUTH_REQUEST),
    ],
)
def test_nothing_else(parameters, reason):
    with pytest.raises(Refused) as caught:
        require_code(parameters)
    assert caught.value.reason is reason
