"""Calls that `schemathesis` generates, through edge, worker and bank, all running: each operation answers, and none fails."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from running_installation import Running, begin
from schemathesis import GenerationMode

from ringfence import demo
from ringfence.clock import system_clock
from ringfence.demo.partner import Partner
from ringfence.demo.processes import Processes
from ringfence.demo.story import payment
from ringfence.ids import system_random

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]

EACH = 20
OURS_ON_VALID_CALLS = {"suspicious-text", "unsafe-path", "parameter-invalid", "text-not-normal"}
"""Reasons for which a call that the document allows may be refused: texts that no call may have, whatever it says."""
PROBLEM = {"type", "title", "status", "correlation_id"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("g")
    with Processes(directory / "logs") as processes:
        # The consent of the fixture is for any payment: generated ones are not of one amount.
        yield begin(directory, processes, change=lambda policy: policy.replace(link_of(policy), ""))


def link_of(policy: str) -> str:
    start = policy.index("        operations:\n          CreateDomesticPayment:")
    return policy[start : policy.index("\n\n", start)]


class Calls:
    """Calls of one document, and what came of them."""

    def __init__(self, running: Running, name: str, base: str) -> None:
        self.running, self.base = running, base
        self.tokens = running.partner.refresh(running.tokens)
        self.document = yaml.safe_load((Path(demo.__file__).parent / "openapi" / f"{name}.yaml").read_text())
        self.schema = schemathesis.openapi.from_dict(self.document)
        self.http = running.installation.http()
        self.partner = Partner(
            running.partner.registration, running.partner.server, self.http, system_clock, system_random
        )
        self.answers: dict[tuple[str, GenerationMode], Counter[str]] = {}

    def make(self, operation: Any, mode: GenerationMode, known: list[str], number: int) -> None:
        """Make so many calls of an operation; every other valid one names what there is."""
        counted = self.answers[operation.label, mode] = Counter()
        draw = random.Random(number)

        @seed(number)
        @settings(
            max_examples=EACH,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            if mode is GenerationMode.POSITIVE and draw.random() < 0.5:
                real(case, draw.choice(known))
            counted[self.answered(case, mode)] += 1

        run()

    def answered(self, case: Any, mode: GenerationMode) -> str:
        """Make one call; return the status, or our reason."""
        url = self.base + case.formatted_path
        auth = {
            "authorization": f"DPoP {self.tokens.access_token}",
            "dpop": self.partner.proof(case.method, url, self.tokens.access_token),
        }
        response = case.call(
            base_url=self.base, headers=auth, verify=str(self.running.installation.authority), timeout=30
        )
        assert response.status_code < 500, response.text
        assert response.status_code not in {401, 403, 429}, (case.method, url, response.text)
        if response.headers["content-type"][0] != "application/problem+json":
            # The bank's own answer, as its document has it.
            case.validate_response(
                response,
                checks=[
                    schemathesis.checks.response_schema_conformance,
                    schemathesis.checks.status_code_conformance,
                    schemathesis.checks.content_type_conformance,
                ],
            )
            return str(response.status_code)
        told = json.loads(response.content)
        assert told.keys() >= PROBLEM, told
        assert told.keys() <= PROBLEM | {"detail", "errors"}, told
        assert told["status"] == response.status_code
        assert all(one.keys() == {"at", "message"} for one in told.get("errors", ())), told
        assert response.headers["x-correlation-id"][0] == told["correlation_id"]
        reason = told["type"].removeprefix("urn:ringfence:problem:")
        if mode is GenerationMode.POSITIVE:
            assert reason in OURS_ON_VALID_CALLS, (case.method, url, told)
        return str(reason)


def real(case: Any, known: str) -> None:
    """Name what there is: an account or a payment by its id; an amount and a payee that the bank knows."""
    case.path_parameters = {name: quote(known, safe="") for name in case.path_parameters or {}}
    if isinstance(case.query, dict):
        case.query = {name: value for name, value in case.query.items() if name != "page"}
    if case.method == "POST":
        initiation = case.body["Data"]["Initiation"]
        initiation.pop("DebtorAccount", None)
        initiation |= {name: payment()["Data"]["Initiation"][name] for name in ("CreditorAccount",)}
        initiation["InstructedAmount"] = {"Amount": "0.01", "Currency": "GBP"}


@pytest.mark.parametrize("name", ["accounts", "payments"])
def test_every_operation_answers_valid_calls_and_refuses_others_in_our_words(running: Running, name: str) -> None:
    where, partner = running.installation, running.partner
    if name == "accounts":
        base = where.accounts_url.removesuffix("/accounts")
        listed = partner.call("GET", where.accounts_url, running.tokens).json()["Data"]["Account"]
        known = [one["AccountId"] for one in listed]
    else:
        base = where.payments_url.removesuffix("/domestic-payments")
        made = partner.call("POST", where.payments_url, running.tokens, payment())
        known = [made.json()["Data"]["DomesticPaymentId"]]
    calls = Calls(running, name, base)
    operations = [result.ok() for result in calls.schema.get_all_operations()]
    for number, operation in enumerate(operations):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            calls.make(operation, mode, known, number)
    for operation in operations:
        valid = calls.answers[operation.label, GenerationMode.POSITIVE]
        other = calls.answers[operation.label, GenerationMode.NEGATIVE]
        assert any(status.startswith("2") for status in valid), (operation.label, valid)
        assert not other.keys().isdisjoint({"parameter-invalid", "body-invalid"}), (operation.label, other)
    assert len(operations) == {"accounts": 4, "payments": 2}[name]
