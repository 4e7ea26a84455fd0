from types import SimpleNamespace

import httpx
import pytest

from ringfence.app.installing import create_keys
from ringfence.demo.installation import Installation, write_installation
from ringfence.demo.partner import Unexpected
from ringfence.demo.screen import Silent
from ringfence.demo.story import Calls, Stage, _all, _refused_by, _run, payment, tell
from ringfence.demo.teller import Teller
from ringfence.policy.load import load


def test_the_payment_of_the_story_fits_the_document(tmp_path, now):
    table = load(write_installation(tmp_path, now, create_keys).policy).table
    body = table.match("POST", "/open-banking/v4.0/pisp/domestic-payments").operation.bodies["application/json"]
    assert body.validator.is_valid(payment())
    wrong = payment()
    wrong["Data"]["Initiation"]["InstructedAmount"]["Amount"] = 12.5
    assert not body.validator.is_valid(wrong)


def test_a_story_that_breaks_off_says_where_and_is_not_good(tmp_path, now):
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503, text="away")))
    stage = Stage(Installation(tmp_path, 1, 2, 3), SimpleNamespace(), http, http, lambda: now, bytes)
    teller = Teller(Silent())
    assert tell(stage, teller, ()) is None
    told = teller.told(0)
    assert [(step.name, step.ok, step.status) for step in told.steps] == [("metadata", False, 503)]
    assert "away" in told.steps[0].detail
    assert not told.ok


def answered(status, reason):
    request = httpx.Request("GET", "https://x/accounts")
    return httpx.Response(status, json={"type": f"urn:ringfence:problem:{reason}"}, request=request)


def test_one_answer_that_differs_spoils_all():
    gone = answered(401, "token-revoked")
    assert "8 to gw0" in _all(Calls([gone] * 8, {"gw0": 8}), 401, "token-revoked")
    for odd in (answered(200, "token-revoked"), answered(401, "token-expired"), answered(503, "unavailable")):
        with pytest.raises(Unexpected):
            _all(Calls([gone, odd], {"gw0": 2}), 401, "token-revoked")


def test_what_still_works_is_not_revoked():
    with pytest.raises(Unexpected, match="still works"):
        _refused_by(lambda: None, "invalid_grant")

    def refuse() -> None:
        raise Unexpected("answered 400: invalid_client")

    assert _refused_by(refuse, "invalid_client") == "invalid_client"
    with pytest.raises(Unexpected, match="invalid_client"):
        _refused_by(refuse, "invalid_grant")


def test_an_attack_without_an_answer_was_not_refused():
    def run(_):
        raise httpx.ReadError("connection reset")

    outcome = _run(SimpleNamespace(run=run), None)
    assert outcome.tries == ()
    assert "reset" in outcome.remark
