from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import json_body
from world import PAYMENT, World

from ringfence.gateway.ext_authz import TO_REMOVE, ExtAuthz, Verdict
from ringfence.gateway.pipeline import Gateway
from ringfence.policy.responses_model import Responses
from ringfence.problem import Reason, Refused


class Asked(World):
    """A world in which Envoy asks."""

    def __init__(self, directory: Path, **op: Any) -> None:
        super().__init__(
            directory,
            response_rules=Responses(undeclared_status="pass", undeclared_member="pass", wrong_type="pass"),
            **op,
        )
        ports = msgspec.structs.replace(self.gateway._ports, sender=Verdict())
        self.rules = self.gateway._rules
        self.gateway = ExtAuthz(Gateway(self.rules, ports))  # type: ignore[assignment]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


async def test_a_call_that_may_go_on_is_told_who_calls(asked: Asked) -> None:
    request = asked.request(headers=(("x-own", "1"), ("cookie", "a=b")))
    request = msgspec.structs.replace(request, dropped=("x-original-url", "x-forwarded-for", "x-ringfence-user"))
    response = await asked.call(request)
    told = dict(response.headers)
    assert (response.status, response.body) == (200, b"")
    assert told["x-ringfence-client"] == "client_a"
    assert told["x-ringfence-scopes"] == "accounts"
    assert told["traceparent"] == request.trace.traceparent()
    assert told["x-correlation-id"] == request.correlation
    assert "x-own" not in told
    gone = told[TO_REMOVE].split(",")
    assert {"authorization", "dpop", "cookie", "x-original-url", "x-ringfence-actors", "x-ringfence-peer"} <= set(gone)
    assert not {"x-forwarded-for", "x-ringfence-client", "x-ringfence-user", "x-own", "traceparent"} & set(gone)
    assert asked.upstream.sent == []
    assert [event.allowed for event in asked.recorder.events] == [True]


async def test_a_body_is_held_against_its_schema(tmp_path: Path) -> None:
    asked = Asked(tmp_path, method="POST", bodies=json_body(PAYMENT))
    headers = (("content-type", "application/json"),)
    assert (await asked.call(asked.request("POST", headers=headers), b'{"amount":"1"}')).status == 200
    reason, response = await asked.refused(asked.request("POST", headers=headers), b'{"isAdmin":true}')
    assert (reason, response.status) == ("body-invalid", 400)
    assert TO_REMOVE not in dict(response.headers)


async def test_a_refusal_is_the_answer_to_the_caller(asked: Asked) -> None:
    good = asked.request()
    await asked.call(good)
    reason, response = await asked.refused(good)
    assert (reason, response.status) == ("proof-replayed", 401)
    assert dict(response.headers)["www-authenticate"].startswith("DPoP ")
    assert asked.gateway.turned_away(good, Refused(Reason.UNSAFE_PATH)).status == 400


async def test_switched_off_nothing_goes_on(asked: Asked) -> None:
    asked.gateway.replace(asked.rules, asked=False)  # type: ignore[call-arg]
    reason, response = await asked.refused(asked.request())
    assert (reason, response.status) == ("unavailable", 503)
    asked.gateway.replace(asked.rules, asked=True)  # type: ignore[call-arg]
    assert (await asked.call(asked.request())).status == 200
