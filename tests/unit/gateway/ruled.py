"""Payments for the tests of rules: one operation, its facts, and calls that differ in what rules look at."""

from typing import Any

import msgspec
from calls import limited, operation, request, token

from ringfence.gateway.stages import Claimed, Constrained, Screened, Valid
from ringfence.policy.rules_model import Facts, Rule

FACTS = Facts(
    amount="/amount",
    currency="/currency",
    debtor_currency="/account_currency",
    debtor="/from",
    creditor="/to",
    debtor_country="/from",
    creditor_country="/to",
)
PAYMENT = {
    "amount": "10.00",
    "currency": "GBP",
    "from": "GB29NWBK60161331926819",
    "to": "DE89370400440532013000",
}


def rule(**kind: Any) -> Rule:
    return msgspec.convert({"name": "r", **kind}, Rule)


def paying(
    *rules: Rule,
    headers: tuple[tuple[str, str], ...] = (),
    claims: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
    demands: dict[str, Any] | None = None,
    body: bytes = b"",
    **payment: Any,
) -> Valid:
    asked = {"facts": FACTS, "rules": rules, **(demands or {})}
    found = limited(operation(demands=asked), request("POST", headers=headers))
    identified = msgspec.structs.replace(found.authorized.identified, token=token(**(claims or {})))
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    payload = {name: value for name, value in (PAYMENT | payment).items() if value is not None}
    return Valid(msgspec.structs.replace(found, authorized=authorized), body, payload, parameters or {})


def claimed(valid: Valid) -> Claimed:
    return Claimed(Constrained(Screened(valid)))
