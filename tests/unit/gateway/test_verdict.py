import json

from ringfence.gateway.verdict import refusal
from ringfence.ids import CorrelationId
from ringfence.problem import Fault, Reason, Refused

ID = CorrelationId("c" * 26)


def test_a_refusal_says_what_why_and_which_call() -> None:
    refused = Refused(Reason.BODY_INVALID, "look below", private="secret", faults=(Fault("/a", "is wrong"),))
    response = refusal(refused, ID)
    document = json.loads(response.body)
    assert document == {
        "type": "urn:ringfence:problem:body-invalid",
        "title": "The body does not fit the operation's schema",
        "status": 400,
        "detail": "look below",
        "correlation_id": ID,
        "errors": [{"at": "/a", "message": "is wrong"}],
    }
    assert dict(response.headers) == {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "x-correlation-id": ID,
    }


def test_a_401_challenges_and_names_the_error_only_where_there_was_a_token() -> None:
    challenge = 'DPoP algs="ES256"'
    missing = dict(refusal(Refused(Reason.TOKEN_MISSING), ID, challenge).headers)
    assert missing["www-authenticate"] == challenge
    expired = dict(refusal(Refused(Reason.TOKEN_EXPIRED), ID, challenge).headers)
    assert expired["www-authenticate"].startswith(f'{challenge}, error="invalid_token", error_description="')
    assert "www-authenticate" not in dict(refusal(Refused(Reason.RATE_LIMITED), ID, challenge).headers)


def test_a_challenge_of_its_own_is_kept() -> None:
    own = Refused(Reason.TOKEN_EXPIRED, headers=(("www-authenticate", "own"),))
    assert [v for n, v in refusal(own, ID, "DPoP").headers if n == "www-authenticate"] == ["own"]
