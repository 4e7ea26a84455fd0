"""What operations say of payments and objects is held against documents and types at start, each mistake with its line."""

import pytest

from ringfence.policy.load import PolicyMistakes, load

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
            schema: {$ref: '#/components/schemas/Payment'}
      responses: {'201': {description: ok}}
components:
  schemas:
    Payment:
      type: object
      properties:
        amount: {type: object, properties: {value: {type: string}, currency: {type: string}, flag: {type: boolean}}}
        to: {type: object, properties: {iban: {type: string}, name: {type: string}}}
"""
TYPES = """\
oauth:
  scopes: {pay: Pay}
  authorization_details:
    plain:
      sentence: See {accounts}
      schema: {required: [accounts], properties: {accounts: {type: array, items: {type: string}}}}
    payment:
      sentence: Pay {amount} {currency} to {payee}
      schema:
        required: [amount, currency, payee]
        properties: {amount: {type: string}, currency: {type: string}, payee: {type: string}}
      linking: {amount: /amount, currency: /currency, payee: /payee}
"""
MEMBERS = "members: {amount: /amount/value, currency: /amount/currency, payee: /to/iban}"
GOOD = "{link: {type: payment, " + MEMBERS + "}}"


def mistakes(installation, **operations: str) -> str:
    written = ", ".join(f"{name}: {demands}" for name, demands in operations.items())
    defaults = "defaults: {scopes: [pay], limits: [client]}"
    path = installation(
        ("oauth:\n  scopes: {pay: Pay}\n", TYPES),
        (defaults, f"{defaults}\n        operations: {{{written}}}"),
        bank=BANK,
    )
    try:
        loaded = load(path)
    except PolicyMistakes as found:
        return str(found)
    (pay,) = [one for one in loaded.table.operations if one.operation_id == "pay"]
    assert (pay.demands.link is not None) == ("pay" in operations and "link" in operations["pay"])
    return ""


def test_links_and_objects_that_fit(installation) -> None:
    objects = "{objects: [{parameter: path.AccountId, type: plain, granted: /accounts, otherwise: hidden}]}"
    assert mistakes(installation, pay=GOOD, getAccount=objects) == ""
    step = "{step_up: [{amount: /amount/value, at_least: '100', max_age_seconds: 60}]}"
    assert mistakes(installation, pay=step) == ""


@pytest.mark.parametrize(
    ("operation", "demands", "told"),
    [
        ("pay", GOOD.replace("payment", "plain"), "`plain` is no type that declares `linking`"),
        ("pay", GOOD.replace("payment", "paymnt"), "write `payment`"),
        ("pay", GOOD.replace("/to/iban", "/to/bic"), "`/to/bic` is not declared"),
        ("pay", GOOD.replace("/amount/value", "/amount/flag"), "is not of type"),
        ("pay", GOOD.replace("/to/iban}", "/to/iban, payee_name: /to/name}"), "binds no `payee_name`"),
        ("getAccount", GOOD, "makes no payment"),
        ("getAccount", "{objects: [{parameter: path.Id, type: plain, granted: /accounts}]}", "no parameter `path.Id`"),
        ("getAccount", "{objects: [{parameter: path.AccountId, type: x, granted: /a}]}", "there is no type `x`"),
        (
            "getAccount",
            "{objects: [{parameter: path.AccountId, type: plain, granted: /iban}]}",
            "`/iban` is not declared",
        ),
        ("getAccount", "{objects: [{body: /a, type: plain, granted: /accounts}]}", "takes no body"),
        ("pay", "{objects: [{type: plain, granted: /accounts}]}", "both or neither"),
        ("pay", "{step_up: [{amount: /total, at_least: '1', acr: [x]}]}", "`/total` is not declared"),
        ("pay", "{step_up: [{amount: /amount/value, at_least: '1'}]}", "demands nothing"),
        ("pay", "{step_up: [{amount: /amount/value, at_least: '1e3', acr: [x]}]}", "at_least"),
    ],
)
def test_what_does_not_fit_is_told(installation, operation: str, demands: str, told: str) -> None:
    found = mistakes(installation, **{operation: demands})
    assert told in found
    assert "ringfence.yaml:" in found


def test_a_type_that_names_what_it_lacks_is_told(installation) -> None:
    path = installation(("oauth:\n  scopes: {pay: Pay}\n", TYPES.replace("payee: /payee}", "payee: /iban}")))
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    assert "`linking.payee` names `/iban`" in str(found.value)
