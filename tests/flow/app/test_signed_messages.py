"""Signed requests and generated ones, through edge, worker and bank, all running."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from running_installation import Running, begin

from ringfence import demo
from ringfence.clock import system_clock
from ringfence.demo.processes import Processes
from tests.signed_calls import ClientKey, signed

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("s")
    with Processes(directory / "logs") as processes:
        made = begin(directory, processes)
        made.edit_policy(r"defaults: \{scopes: \[accounts\]", "defaults: {signature: required, scopes: [accounts]")
        until = time.monotonic() + 30
        while any(call(made, made.installation.accounts_url, None).status_code == 200 for _ in range(4)):
            assert time.monotonic() < until
            time.sleep(0.1)
        yield made


class RegisteredKey(ClientKey):
    """The key that the partner registered for its assertions."""

    def __init__(self, running: Running) -> None:
        key = running.partner.registration.assertion_key
        self.kid = key.thumbprint()
        self.private = key.private_key


def call(running: Running, url: str, key: ClientKey | None, change: Any = None) -> Any:
    tokens, partner = running.partner.refresh(running.tokens), running.partner
    proof = partner.proof("GET", url, tokens.access_token)
    headers = (("authorization", f"DPoP {tokens.access_token}"), ("dpop", proof))
    if key is not None:
        headers = signed(key, "GET", url, headers, created=system_clock())
    if change is not None:
        headers = change(headers)
    with running.installation.http() as http:
        return http.get(url, headers=list(headers))


def reason(response: Any) -> str:
    return str(response.json()["type"]).rpartition(":")[2]


def test_a_signed_request_passes_and_every_other_is_refused(running: Running) -> None:
    url, key = running.installation.accounts_url, RegisteredKey(running)
    assert call(running, url, key).status_code == 200
    unsigned = call(running, url, None)
    assert (unsigned.status_code, reason(unsigned)) == (401, "signature-missing")
    assert 'tag="fapi-2-request"' in unsigned.headers["accept-signature"]
    assert reason(call(running, url, ClientKey("other"))) == "signature-key"
    assert reason(call(running, url, ClientKey(key.kid))) == "signature-invalid"
    assert call(running, url, key, lambda headers: (*headers, ("x-not-covered", "y"))).status_code == 200
    events = running.events("call.decided.v1")
    assert {event.get("signed_by") for event in events} >= {key.kid}


def test_a_stopped_clients_keys_are_gone_at_once_and_come_back(running: Running) -> None:
    url, key = running.installation.accounts_url, RegisteredKey(running)
    client_id = running.partner.registration.client_id
    tokens = running.partner.refresh(running.tokens)
    running.management._call("POST", f"/clients/{client_id}/suspend")
    proof = running.partner.proof("GET", url, tokens.access_token)
    headers = (("authorization", f"DPoP {tokens.access_token}"), ("dpop", proof))
    with running.installation.http() as http:
        answer = http.get(url, headers=list(signed(key, "GET", url, headers, created=system_clock())))
    assert reason(answer) == "token-revoked"
    running.management._call("POST", f"/clients/{client_id}/activate")
    assert call(running, url, key).status_code == 200


def document(name: str) -> dict[str, Any]:
    return yaml.safe_load((Path(demo.__file__).parent / "openapi" / f"{name}.yaml").read_text())


def test_generated_calls_find_no_failure_of_ours(running: Running) -> None:
    """schemathesis, valid and invalid data: no 5xx, and what the bank's answers hold is what the document declares."""
    base = running.installation.payments_url.partition("/domestic-payments")[0]
    schema = schemathesis.openapi.from_dict(document("payments"))
    tokens, seen = running.partner.refresh(running.tokens), []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=30,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
                derandomize=True,
            )
            def run(case: Any) -> None:
                url = base + case.formatted_path
                proof = running.partner.proof(case.method, url, tokens.access_token)
                auth = {"authorization": f"DPoP {tokens.access_token}", "dpop": proof}
                response = case.call(
                    base_url=base, headers=auth, verify=str(running.installation.authority), timeout=20
                )
                seen.append(response.status_code)
                assert response.status_code < 500, response.text
                kind = response.headers["content-type"][0]
                if kind == "application/problem+json":
                    assert json.loads(response.content)["correlation_id"]
                else:
                    assert kind == "application/json", response.text  # the bank's own answer, as its document has it
                    case.validate_response(response, checks=[schemathesis.checks.response_schema_conformance])

            run()
    assert len(seen) > 60
