"""Rules that cannot be decided, contradict themselves or share a sum by mistake are told at start, with their line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts/{AccountId}:
    get:
      operationId: getAccount
      parameters: [{name: AccountId, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
  /payments:
    post:
      operationId: pay
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                amount: {type: string}
                currency: {type: string}
                urgent: {type: boolean}
                to: {type: object, properties: {iban: {type: string}}}
      responses: {'201': {description: ok}}
"""
FACTS = "facts: {amount: /amount, currency: /currency, creditor: /to/iban, creditor_country: /to/iban}"
TOTAL = "{name: day, total: {per: [creditor], at_most: {GBP: '100'}}}"


def loaded(installation: Callable[..., Path], operations: str, defaults: str = "", geo: str = "") -> LoadedPolicy:
    stands = "defaults: {scopes: [pay], limits: [client]}"
    changed = f"defaults: {{scopes: [pay], limits: [client]{defaults}}}\n        operations: {{{operations}}}"
    return load(installation((stands, changed), ("apis:\n", f"{geo}apis:\n"), bank=BANK))


def mistakes(installation: Callable[..., Path], operations: str, defaults: str = "") -> str:
    with pytest.raises(PolicyMistakes) as found:
        loaded(installation, operations, defaults)
    return str(found.value)


def test_rules_that_fit_stand_in_the_table(installation) -> None:
    hours = "{name: office, hours: {zone: Europe/London, days: [mon], begin: '09:00', end: '17:00'}}"
    reads = "{name: four, unattended: {per: [consent, debtor], header: psu-ip-address}}"
    policy = loaded(
        installation,
        f"pay: {{{FACTS}, rules: [{TOTAL}]}}, getAccount: {{facts: {{debtor: path.AccountId}}, rules: [{reads}]}}",
        f", rules: [{hours}], idempotency: {{header: idempotency-key}}",
    )
    read, pay = policy.table.operations
    assert [rule.name for rule in read.demands.rules] == ["four"]
    assert [rule.name for rule in pay.demands.rules] == ["day"]
    assert pay.demands.idempotency is not None
    assert pay.demands.facts.creditor == "/to/iban"


@pytest.mark.parametrize(
    ("demands", "told"),
    [
        ("rules: [{name: a}]", "the rule `a` has 0 of them"),
        ("rules: [{name: a, currencies: [GBP], hours: {zone: UTC, end: '12:00'}}]", "the rule `a` has 2 of them"),
        (FACTS + ", rules: [" + TOTAL + ", " + TOTAL + "]", "two rules have the name `day`"),
        ("rules: [{name: a, currencies: [GBP]}]", "needs the fact `currency`"),
        ("rules: [" + TOTAL + "]", "needs the fact `creditor`"),
        ("facts: {amount: /total}", "`/total` is not declared"),
        ("facts: {amount: /urgent}", "is not of type"),
        ("facts: {debtor: path.AccountId}", "there is no parameter `path.AccountId`"),
        ("facts: {debtor: amount}", "debtor"),
        (FACTS + ", rules: [{name: a, amount: {GBP: {at_most: '1.005'}}}]", "finer than the currency"),
        (FACTS + ", rules: [{name: a, amount: {JPY: {at_most: '1.5'}}}]", "finer than the currency"),
        (FACTS + ", rules: [{name: a, amount: {GBP: {at_least: '2', at_most: '1'}}}]", "lets no GBP through"),
        (FACTS + ", rules: [{name: a, amount: {gbp: {at_most: '1'}}}]", "gbp"),
        (FACTS + ", rules: [{name: a, amount: {GBP: {at_most: '1e3'}}}]", "at_most"),
        ("rules: [{name: a, hours: {zone: Europe/Nowhere}}]", "`Europe/Nowhere`, which is not known"),
        ("rules: [{name: a, hours: {zone: UTC, begin: '09:00', end: '09:00'}}]", "begins when it ends"),
        ("rules: [{name: a, hours: {zone: UTC, end: '25:00'}}]", "end"),
        ("rules: [{name: a, hours: {zone: UTC, closed_on: ['2026-02-30']}}]", "closed on 2026-02-30, which is no day"),
        (FACTS + ", rules: [{name: a, pairs: ['GBP>EUR']}]", "needs the fact `debtor_currency`"),
        (FACTS + ", rules: [{name: a, pairs: ['GBPEUR']}]", "pairs"),
        (
            "rules: [{name: a, corridor: {begin: caller, end: anywhere, allowed: ['GB>*'], unknown: refuse}}]",
            "name a database under `geo`",
        ),
        (
            FACTS + ", rules: [{name: a, corridor: {begin: debtor_country, allowed: ['GB>GB'], unknown: pass}}]",
            "debtor_country",
        ),
        (FACTS + ", rules: [{name: a, corridor: {begin: caller, allowed: ['GB>GB']}}]", "unknown"),
        ("rules: [{name: a, calls: {per: [everyone], at_most: 1}}]", "everyone"),
        ("rules: [{name: a, calls: {per: [client], at_most: 0}}]", "at_most"),
        ("rules: [{name: 'A b', calls: {per: [client], at_most: 1}}]", "name"),
        ("rules: [{name: a, expression: {must: 'hour < 1.5', say: s}}]", "`a` has something at character 8"),
        ("rules: [{name: a, expression: {must: 'amount_minor < 1', say: s}}]", "write `amount` under `facts`"),
        (
            "rules: [{name: a, expression: {must: 'u == 1', say: s, values: {u: {at: /urgent, type: int}}}}]",
            "is not of type integer",
        ),
        (
            "rules: [{name: a, expression: {must: 'u == 1', say: s, values: {u: {at: query.u, type: int}}}}]",
            "which is no parameter",
        ),
        (f"rules: [{{name: a, expression: {{must: '{'h' * 1001}', say: s}}}}]", "`must` is too long"),
        (
            "rules: [{name: a, expression: {must: hour, say: s, values: {u: {at: /a, type: int, absent: 1.5}}}}]",
            "absent",
        ),
        ("idempotency: {header: Idempotency-Key}", "header"),
    ],
)
def test_what_does_not_fit_is_told(installation, demands: str, told: str) -> None:
    found = mistakes(installation, f"pay: {{{demands}}}")
    assert told in found
    assert "ringfence.yaml:" in found


def test_two_rules_of_one_name_share_a_sum_only_if_they_count_the_same(installation) -> None:
    calls = "{name: often, calls: {per: [client], at_most: 5}}"
    same = f"pay: {{rules: [{calls}]}}, getAccount: {{rules: [{calls}]}}"
    assert len(loaded(installation, same).table.operations) == 2
    other = calls.replace("5", "6")
    assert "counts something else" in mistakes(
        installation, f"pay: {{rules: [{calls}]}}, getAccount: {{rules: [{other}]}}"
    )


def test_a_country_database_has_to_be_there(installation) -> None:
    with pytest.raises(PolicyMistakes, match="there is no file"):
        loaded(installation, "", geo="geo: missing.mmdb\n")
