import msgspec

from ringfence.ids import CorrelationId, system_random
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.refusals import answer_refused, with_correlation
from ringfence.problem import Reason, Refused

TRACE = TraceContext("0" * 32, "0" * 16, sampled=False)
REQUEST = Request("POST", "https", "a", "/", "", (), b"", Peer(""), CorrelationId("corr"), TRACE)


def answer(bank, reason, endpoint, **more):
    return answer_refused(Refused(reason, **more), endpoint, REQUEST, bank.server.profile, system_random)


def test_an_oauth_error(bank):
    found = answer(bank, Reason.SCOPE_INVALID, Endpoint.TOKEN, detail='a "quoted" scope', private="hidden")
    body = msgspec.json.decode(found.body)
    assert (found.status, body["error"], body["correlation_id"]) == (400, "invalid_scope", "corr")
    assert '"' not in body["error_description"]
    assert b"hidden" not in found.body


def test_a_challenge(bank):
    bare = dict(answer(bank, Reason.TOKEN_MISSING, Endpoint.USERINFO).headers)
    assert bare["www-authenticate"] == 'DPoP algs="ES256 PS256 EdDSA"'
    full = dict(answer(bank, Reason.TOKEN_EXPIRED, Endpoint.USERINFO).headers)
    assert 'error="invalid_token"' in full["www-authenticate"]
    assert "www-authenticate" not in dict(answer(bank, Reason.ASSERTION_INVALID, Endpoint.TOKEN).headers)


def test_a_page_and_an_unknown_path(bank):
    assert b"<html" in answer(bank, Reason.REQUEST_URI_INVALID, Endpoint.AUTHORIZE).body
    assert answer(bank, Reason.UNKNOWN_PATH, None).status == 404
    assert ("x-correlation-id", "corr") in with_correlation(answer(bank, Reason.UNKNOWN_PATH, None), REQUEST).headers
