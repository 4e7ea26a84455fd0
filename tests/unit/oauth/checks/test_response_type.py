import pytest

from ringfence.oauth.checks.response_type import require_code, require_response_mode
from ringfence.problem import Reason, Refused


def test_a_code():
    require_code({"response_type": "code"})


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, Reason.OAUTH_REQUEST),
        ({"response_type": "token"}, Reason.RESPONSE_TYPE_UNSUPPORTED),
        ({"response_type": "code id_token"}, Reason.RESPONSE_TYPE_UNSUPPORTED),
    ],
)
def test_nothing_else(parameters, reason):
    with pytest.raises(Refused) as caught:
        require_code(parameters)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("asked", "allowed", "mode"),
    [
        (None, ("query", "jwt"), ""),
        ("query", ("query", "jwt"), ""),
        ("jwt", ("query", "jwt"), "jwt"),
        ("query.jwt", ("jwt",), "jwt"),
        (None, ("jwt",), "jwt"),
    ],
)
def test_response_modes(asked, allowed, mode):
    assert require_response_mode({"response_mode": asked} if asked else {}, allowed) == mode


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("fragment", ("query", "jwt")),
        ("fragment.jwt", ("query", "jwt")),
        ("form_post.jwt", ("query", "jwt")),
        ("query", ("jwt",)),
        ("jwt", ("query",)),
        ("query.jwt", ("query",)),
        ("query.", ("query",)),
    ],
)
def test_other_response_modes(asked, allowed):
    with pytest.raises(Refused) as caught:
        require_response_mode({"response_mode": asked}, allowed)
    assert caught.value.reason is Reason.OAUTH_REQUEST
