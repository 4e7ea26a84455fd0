"""Rules and idempotency keys through edge and workers, with a bank that does not know the key: one payment, many asks."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.partner import Partner
from ringfence.demo.processes import Processes
from ringfence.demo.story import payment
from ringfence.ids import system_random
from ringfence.policy.cedar_schema import action
from ringfence.policy.load import load

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]

RULES = """defaults: {
          rules: [{name: few-reads, unattended: {per: [client, operation], header: x-fapi-customer-ip-address, at_most: 3}}],
          scopes: [accounts]"""
PAYMENTS = """operations:
          CreateDomesticPayment:
            facts:
              amount: /Data/Initiation/InstructedAmount/Amount
              currency: /Data/Initiation/InstructedAmount/Currency
              creditor: /Data/Initiation/CreditorAccount/Identification
            rules:
              - {name: small, expression: {must: "amount_minor <= 9000 && size(user) > 0", say: "pay at most 90.00"}}
              - {name: new, payee: {at_most: {GBP: "100.00"}, known_after_seconds: 0}}
              - {name: day, total: {per: [client], at_most: {GBP: "100.00"}}}
            idempotency: {header: x-idempotency-key}

"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("r")
    with Processes(directory / "logs") as processes:
        made = begin(directory, processes)
        made.edit_policy(r"(?s)operations:\n          CreateDomesticPayment:\n.*?\n\n", PAYMENTS)
        made.edit_policy(r"defaults: \{scopes: \[accounts\]", RULES)
        until = time.monotonic() + 60
        while {call(made, "GET", made.installation.accounts_url).status_code for _ in range(6)} != {429}:
            assert time.monotonic() < until, made.log()[-2000:]
        yield made


def reason(response: Any) -> str:
    return str(response.json().get("type", "")).rpartition(":")[2]


def call(running: Running, method: str, url: str, body: Any = None, **headers: str) -> Any:
    with running.installation.http() as http:
        one = Partner(running.partner.registration, running.partner.server, http, system_clock, system_random)
        return one.call(method, url, running.tokens, body, {k.replace("_", "-"): v for k, v in headers.items()})


def answered(running: Running, *asked: Any, **headers: str) -> Any:
    """Return the answer of a worker, while another one is being replaced."""
    until = time.monotonic() + 30
    while (answer := call(running, *asked, **headers)).status_code in {502, 503}:
        assert time.monotonic() < until, running.log()[-2000:]
        time.sleep(0.2)
    return answer


def test_the_customer_is_absent_for_three_calls_an_operation_whichever_worker_takes_them(running: Running) -> None:
    url = running.installation.accounts_url
    account = call(running, "GET", url, x_fapi_customer_ip_address="192.0.2.1").json()["Data"]["Account"][0][
        "AccountId"
    ]
    balances = f"{url}/{account}/balances"
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: call(running, "GET", balances), range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 9
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert reason(refused) == "customer-absent"
    assert "rule few-reads: " in refused.json()["detail"]
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert call(running, "GET", balances, x_fapi_customer_ip_address="192.0.2.1").status_code == 200


def test_one_key_is_one_payment_also_after_a_worker_was_killed(running: Running) -> None:
    url = running.installation.payments_url
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: call(running, "POST", url, payment(), x_idempotency_key="k1"), range(16)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    assert {reason(answer) for answer in answers if answer.status_code == 409} <= {"idempotency-under-way"}
    os.kill(running.role_pid("gateway-0"), signal.SIGKILL)
    again = answered(running, "POST", url, payment(), x_idempotency_key="k1")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == made[0].content
    assert {answer.json()["Data"]["DomesticPaymentId"] for answer in made} == {
        again.json()["Data"]["DomesticPaymentId"]
    }
    other = payment()
    other["Data"]["Initiation"]["InstructedAmount"]["Amount"] = "1.00"
    mismatch = answered(running, "POST", url, other, x_idempotency_key="k1")
    assert (mismatch.status_code, reason(mismatch)) == (422, "idempotency-mismatch")
    assert reason(answered(running, "POST", url, payment())) == "idempotency-key"


def test_a_days_sum_holds_over_the_workers(running: Running) -> None:
    """The payment of the test before counts too: its repetitions did not."""
    url, one = running.installation.payments_url, payment()
    one["Data"]["Initiation"]["InstructedAmount"]["Amount"] = "20.00"
    first = Decimal(payment()["Data"]["Initiation"]["InstructedAmount"]["Amount"])
    call(running, "POST", url, payment(), x_idempotency_key="k1")
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda i: call(running, "POST", url, one, x_idempotency_key=f"d{i}"), range(12)))
    assert sum(answer.status_code == 201 for answer in answers) == (100 - first) // 20
    assert {reason(answer) for answer in answers if answer.status_code != 201} == {"total-exceeded"}
    for told in ("total-exceeded", "customer-absent", "idempotency-mismatch"):
        running.wait_for_event("call.decided.v1", lambda event, told=told: event.get("reason") == told)
    running.wait_for_event("call.decided.v1", lambda event: bool(event.get("replayed")))
    running.wait_for_event("call.decided.v1", lambda event: event.get("payee") == "new")
    running.wait_for_event("call.decided.v1", lambda event: event.get("payee") == "known")
    one["Data"]["Initiation"]["InstructedAmount"]["Amount"] = "90.01"
    refused = call(running, "POST", url, one, x_idempotency_key="large")
    assert (reason(refused), refused.json()["detail"]) == ("rule-not-met", "rule small: pay at most 90.00")


CEDAR = """
@id("readers") permit(principal, action, resource);
@id("nobody") forbid(principal, action == Action::"%s", resource);
"""


def test_cedar_policies_come_into_force_stay_when_their_files_break_and_change_by_themselves(running: Running) -> None:
    """Workers are told by a changed file alone; what is not Cedar is refused, and the accepted policies stay."""
    url, folder = running.installation.accounts_url, running.installation.policy.parent / "policies"
    operation = next(o for o in load(running.installation.policy).table.operations if o.template.endswith("/accounts"))
    folder.mkdir()
    (folder / "a.cedar").write_text(CEDAR % action(operation))

    def until(wanted: str) -> Any:
        deadline = time.monotonic() + 30
        answers = [answered(running, "GET", url, x_fapi_customer_ip_address="192.0.2.1") for _ in range(4)]
        while {reason(one) if one.status_code != 200 else "" for one in answers} != {wanted}:
            assert time.monotonic() < deadline, running.log()[-2000:]
            answers = [answered(running, "GET", url, x_fapi_customer_ip_address="192.0.2.1") for _ in range(4)]
        return answers[0]

    until("")
    running.edit_policy(r"(?m)^apis:", "authorization: {cedar: policies}\napis:")
    refused = until("policy-denied")
    assert refused.status_code == 403
    assert "nobody" not in refused.text
    running.wait_for_event("call.decided.v1", lambda event: event.get("policies") == ["nobody"])
    (folder / "a.cedar").write_text("permit(principal, action ==);")
    running.wait_for_event("policy.loaded.v1", lambda event: any("unexpected token" in m for m in event["mistakes"]))
    assert "a.cedar:1:" in running.log()
    until("policy-denied")
    (folder / "a.cedar").write_text((CEDAR % action(operation)).replace("forbid", "permit"))
    until("")
    running.wait_for_event("call.decided.v1", lambda event: event.get("policies") == ["nobody", "readers"])
