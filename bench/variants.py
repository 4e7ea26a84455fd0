"""Policies under which a payment costs a worker more or less: each is the bench's own, changed in one thing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

PLAIN: Final = "as it is"
EXT_AUTHZ: Final = "asked by ext_authz, nothing forwarded"
ASGI: Final = "ASGI middleware, no server, application in the process"

_MONEY: Final = "/Data/Initiation/InstructedAmount"
_FACTS: Final = {
    "amount": f"{_MONEY}/Amount",
    "currency": f"{_MONEY}/Currency",
    "debtor": "/Data/Initiation/DebtorAccount/Identification",
    "creditor": "/Data/Initiation/CreditorAccount/Identification",
}
_RULES: Final[list[dict[str, Any]]] = [
    {"name": "pounds", "currencies": ["GBP"]},
    {"name": "one-payment", "amount": {"GBP": {"at_most": "10000.00"}}},
    {
        "name": "not-all-night",
        "expression": {"must": "amount_minor <= 500000 || hour >= 6", "say": "too much at night"},
    },
]
_TOTAL: Final = {
    "name": "account-and-day",
    "total": {"per": ["debtor"], "zone": "Europe/London", "at_most": {"GBP": "900000000.00"}},
}
CEDAR: Final = """
@id("clients-of-ours") permit (principal, action in Action::"bench/v4", resource)
when { context.scopes.contains("payments") };
@id("payments-need-a-customer") forbid (principal is Client, action == Action::"bench/v4/CreatePayment", resource);
@id("large-needs-a-new-login") forbid (principal, action == Action::"bench/v4/CreatePayment", resource)
when { context.amount_minor > 100000 } unless { context has login_age && context.login_age <= 300 };
@id("frozen-account") forbid (principal, action == Action::"bench/v4/CreatePayment", resource)
when { context.debtor == Account::"gb29nwbk60161331926819" };
@id("batch-partner-from-its-network") forbid (principal, action, resource)
when { context.client == Client::"batch" }
unless { context has network && context.network.isInRange(ip("192.0.2.0/24")) };
@id("pounds") forbid (principal, action == Action::"bench/v4/CreatePayment", resource)
when { context.currency == "JPY" };
"""
"""Six policies of the kinds in docs/cedar.md."""

Change = Callable[[dict[str, Any], Path], None]
"""Changes the written policy; the folder is the installation's, which is there already."""


def _as_it_is(written: dict[str, Any], folder: Path) -> None:
    del written, folder


def _with_rules(*rules: Mapping[str, Any]) -> Change:
    def change(written: dict[str, Any], folder: Path) -> None:
        del folder
        _payment(written).update(facts=_FACTS, rules=list(rules))

    return change


def _with_cedar(written: dict[str, Any], folder: Path) -> None:
    _payment(written).update(facts=_FACTS)
    (folder / "policies").mkdir()
    (folder / "policies" / "payments.cedar").write_text(CEDAR, "utf-8")
    written["authorization"] = {"cedar": "policies"}


def _not_durable(written: dict[str, Any], folder: Path) -> None:
    del folder
    _payment(written).update(durable=False)


def _asked(written: dict[str, Any], folder: Path) -> None:
    del folder
    written["gateway"]["ext_authz"] = "on"
    _version(written)["responses"] = dict.fromkeys(("undeclared_status", "undeclared_member", "wrong_type"), "pass")


def _unscreened(written: dict[str, Any], folder: Path) -> None:
    del folder
    _version(written)["screening"] = {"mode": "off"}


def _version(written: dict[str, Any]) -> dict[str, Any]:
    version: dict[str, Any] = written["apis"][0]["versions"][0]
    return version


def _payment(written: dict[str, Any]) -> dict[str, Any]:
    payment: dict[str, Any] = _version(written)["operations"]["CreatePayment"]
    return payment


VARIANTS: Final[Mapping[str, Change]] = {
    PLAIN: _as_it_is,
    "its record not waited for": _not_durable,
    "free text not screened": _unscreened,
    "three rules that count nothing": _with_rules(*_RULES),
    "the same and a sum a day, on the disk": _with_rules(*_RULES, _TOTAL),
    "six policies in Cedar": _with_cedar,
    EXT_AUTHZ: _asked,
    ASGI: _as_it_is,
}
