import pytest

from ringfence.ids import CorrelationId, token_hash
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.registration_tokens import bearer, refused_token
from ringfence.problem import Reason, Refused


def request(*values: str) -> Request:
    headers = tuple(("authorization", value) for value in values)
    return Request(
        "GET", "https", "h", "/", "", headers, b"", Peer(""), CorrelationId("c"), TraceContext("", "", sampled=False)
    )


def test_a_token_becomes_its_hash():
    assert bearer(request()) == ""
    assert bearer(request("Bearer abc")) == bearer(request("bearer abc")) == token_hash("abc")


@pytest.mark.parametrize(
    "values",
    [("Bearer",), ("Bearer ",), ("Basic abc",), ("Bearer a b",), ("Bearer a", "Bearer a"), ("Bearer " + "x" * 600,)],
)
def test_what_is_no_bearer_token(values):
    with pytest.raises(Refused) as refused:
        bearer(request(*values))
    assert refused.value.reason is Reason.REGISTRATION_TOKEN


def test_every_refusal_is_a_challenge():
    refused = refused_token()
    assert refused.status == 401
    assert dict(refused.headers)["www-authenticate"] == 'Bearer error="invalid_token"'
