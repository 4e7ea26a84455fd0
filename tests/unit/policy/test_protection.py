"""Fields that cannot be protected as written are told at start, with the place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /payments:
    post:
      operationId: pay
      EXTENSION
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Payment'}}
      responses:
        '201':
          description: ok
          content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}
components:
  schemas:
    Payment:
      type: object
      properties:
        amount: {type: number}
        iban_index: {type: string}
        to: {allOf: [{type: object, properties: {iban: {type: string}, name: {type: string}}}]}
        lines: {type: array, items: {type: object, properties: {text: {type: string}}}}
"""
MANY = "/lines/*/text"


def loaded(installation: Callable[..., Path], protect: str, more: str = "", bank: str = BANK) -> LoadedPolicy:
    stands = "defaults: {scopes: [pay], limits: [client]}"
    said = f"protect: [{protect}]" if protect else ""
    changed = f"defaults: {{scopes: [pay], limits: [client]}}\n        operations: {{pay: {{{said}{more}}}}}"
    return load(installation((stands, changed), bank=bank.replace("EXTENSION", "summary: x")))


def mistakes(installation: Callable[..., Path], protect: str, more: str = "", bank: str = BANK) -> str:
    with pytest.raises(PolicyMistakes) as found:
        loaded(installation, protect, more, bank)
    assert all(mistake.line for mistake in found.value.mistakes)
    return str(found.value)


def test_fields_that_fit_stand_in_the_table_indexes_first(installation) -> None:
    policy = loaded(
        installation,
        "{at: /to/iban, on: request, mode: encrypt, resource: payment},"
        "{at: /to/iban, on: request, mode: blind_index, bits: 16},"
        f"{{at: {MANY}, on: answer, mode: mask, keep_last: 2}},"
        "{at: /to/iban, on: answer, mode: open, resource: payment}",
    )
    (operation,) = policy.table.operations
    index, sealed, mask, opened = operation.protected
    assert (index.rule.mode, index.resource, index.name) == ("blind_index", "bank/pay", "/to/iban")
    assert (sealed.resource, sealed.parts) == ("payment", ("to", "iban"))
    assert (mask.parts, opened.rule.on) == (("lines", "*", "text"), "answer")


@pytest.mark.parametrize(
    ("protect", "said"),
    [
        ("{at: /to/bic, on: request, mode: encrypt}", "`/to/bic` is not declared by a body of `pay`"),
        ("{at: /lines/text, on: answer, mode: mask}", "`/lines/text` is not declared by an answer of `pay`"),
        ("{at: /amount, on: request, mode: tokenise}", "`/amount` of `pay` is no text, which `tokenise` needs"),
        ("{at: /to, on: answer, mode: mask}", "`/to` of `pay` is no text"),
        (
            "{at: /to/iban, on: request, mode: encrypt}, {at: /to/iban, on: request, mode: tokenise}",
            "`/to/iban` has two modes on the request: `encrypt` and `tokenise`",
        ),
        (
            "{at: /to, on: request, mode: encrypt}, {at: /to/iban, on: request, mode: mask}",
            "`/to/iban` has two modes on the request",
        ),
        (
            "{at: /to/iban, on: request, mode: blind_index, into: name}",
            "`/to/name` is declared by a body of `pay` already",
        ),
        (f"{{at: {MANY}, on: request, mode: encrypt, keep_last: 1}}", "`keep_last` says nothing about `encrypt`"),
        ("{at: /to/iban, on: answer, mode: open, clear_for: [cards]}", "`cards` in `clear_for` is no scope"),
        (
            "{at: /to/iban, on: request, mode: blind_index, into: x}, {at: /to/name, on: request, mode: blind_index, into: x}",
            "two blind indexes go into `/to/x`",
        ),
        ("{at: /to/iban, on: request, mode: seal}", "`/to/iban` of the request would be sealed to who sent it"),
        ("{at: /to/iban, on: answer, mode: seal, tenant: user}", "`tenant` says nothing about `seal`"),
        ("{at: /to/iban, on: answer, mode: seal, clear_for: [pay]}", "`clear_for` says nothing about `seal`"),
        (
            "{at: /to/iban, on: answer, mode: seal}, {at: /to/iban, on: answer, mode: mask}",
            "`/to/iban` has two modes on the answer: `seal` and `mask`",
        ),
        (
            "{at: /to/iban, on: answer, mode: seal}, {at: /to, on: answer, mode: open}",
            "`/to/iban` has two modes on the answer: `seal` and `open`",
        ),
        ("{at: /to/bic, on: answer, mode: seal}", "`/to/bic` is not declared by an answer of `pay`"),
        ("{at: /to/iban, on: request, mode: encrypted}", "is `encrypted`"),
        (f"{{at: /to/iban, on: request, mode: encrypt, resource: {'r' * 100}, field: {'f' * 150}}}", "longer than 240"),
    ],
)
def test_what_does_not_fit_is_told(installation, protect: str, said: str) -> None:
    assert said in mistakes(installation, protect)


def test_what_is_opened_may_be_sealed_for_the_partner_once(installation) -> None:
    opened = "{at: /to/iban, on: answer, mode: open}, {at: /to, on: answer, mode: seal}"
    (operation,) = loaded(installation, opened).table.operations
    assert operation.seals
    assert [field.rule.mode for field in operation.keyed] == ["open"]
    whole = ", payload_encryption: {profile: jwe, request: off, answer: required}"
    assert "is sealed, and so is the whole answer" in mistakes(installation, opened, whole)


def test_a_field_of_a_customer_needs_one(installation) -> None:
    said = mistakes(installation, "{at: /to/iban, on: request, mode: encrypt, tenant: user}", ", user: any")
    assert "`pay` is called without a customer" in said


def test_a_signed_body_that_is_passed_on_cannot_be_changed(installation) -> None:
    header = "parameters: [{name: x-jws-signature, in: header, schema: {type: string}}]"
    bank = BANK.replace("EXTENSION", header)
    rule = "{at: /to/iban, on: request, mode: encrypt}"
    assert "is signed and passed on as it came" in mistakes(installation, rule, ", body_signature: detached", bank)
    answer = "{at: /to/iban, on: answer, mode: mask}"
    loaded(installation, answer, ", body_signature: detached", bank)


def test_other_media_types_cannot_be_protected(installation) -> None:
    bank = BANK.replace(
        "application/json: {schema: {$ref: '#/components/schemas/Payment'}}\n      responses",
        "application/json: {schema: {$ref: '#/components/schemas/Payment'}}\n"
        "          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Payment'}}\n      responses",
    )
    said = mistakes(installation, "{at: /to/iban, on: request, mode: encrypt}", bank=bank)
    assert "takes application/x-www-form-urlencoded" in said


def test_the_document_says_it_too_and_its_mistakes_name_the_place(installation) -> None:
    bank = BANK.replace("EXTENSION", "x-ringfence-protect: [{at: /to/iban, on: request, mode: encrypt}]")
    (operation,) = loaded(installation, "", bank=bank).table.operations
    assert [field.rule.mode for field in operation.protected] == ["encrypt"]
    policy = loaded(installation, "{at: /to/name, on: answer, mode: mask}", bank=bank)
    assert [field.rule.at for field in policy.table.operations[0].protected] == ["/to/name"]
    for wrong, told in (
        ("{at: /to/bic, on: request, mode: encrypt}", "/to/bic"),
        ("{at: /to/iban}", "`on`"),
        ("7", "int"),
    ):
        said = mistakes(installation, "", bank=BANK.replace("EXTENSION", f"x-ringfence-protect: [{wrong}]"))
        assert "`x-ringfence-protect` at /paths/~1payments/post of bank.yaml" in said
        assert told in said


IN_SCHEMA = "iban: {type: string, x-ringfence-protect: [{on: request, mode: encrypt}, {on: answer, mode: mask}]}"


def in_schema(said: str = IN_SCHEMA) -> str:
    return BANK.replace("iban: {type: string}", said)


def test_a_propertys_schema_says_it_and_holds_beside_the_policy(installation) -> None:
    def modes(protect: str) -> list[tuple[str, str, str]]:
        (operation,) = loaded(installation, protect, bank=in_schema()).table.operations
        return [(field.rule.at, field.rule.on, field.rule.mode) for field in operation.protected]

    own = [("/to/iban", "request", "encrypt"), ("/to/iban", "answer", "mask")]
    assert modes("") == own
    assert modes("{at: /to/name, on: answer, mode: mask}") == [("/to/name", "answer", "mask"), *own]
    assert modes("{at: /to/iban, on: request, mode: encrypt}") == own  # the same said twice
    index = ("/to/iban", "request", "blind_index")
    assert modes("{at: /to/iban, on: request, mode: blind_index, into: hash}") == [index, *own]
    off = "defaults: {scopes: [pay], limits: [client]}"
    path = installation(
        (off, f"{off}\n        operations: {{pay: {{protect: []}}}}"),
        bank=in_schema().replace("EXTENSION", "summary: x"),
    )
    assert load(path).table.operations[0].protected == ()


def test_a_policy_that_says_otherwise_than_the_schema_is_told_with_both_lines(installation) -> None:
    bank = in_schema().replace("EXTENSION", "summary: x")
    with pytest.raises(PolicyMistakes) as found:
        loaded(installation, "{at: /to/iban, on: request, mode: tokenise}", bank=bank)
    (mistake,) = found.value.mistakes
    line = next(number for number, text in enumerate(bank.splitlines(), 1) if "x-ringfence-protect" in text)
    assert mistake.line > 1
    assert mistake.file.endswith("ringfence.yaml")
    assert f"`/to/iban` of the request is `tokenise` here and `encrypt` at line {line} of bank.yaml" in mistake.message
    other = "{at: /to/iban, on: answer, mode: mask, keep_last: 2}"
    assert "is `mask` here and `mask` at line" in mistakes(installation, other, bank=in_schema())


def test_the_line_is_found_below_a_number_that_is_a_name(installation) -> None:
    inline = f"{{type: object, properties: {{to: {{type: object, properties: {{{IN_SCHEMA}}}}}}}}}"
    bank = BANK.replace("'201':", "201:").replace(
        "ok\n          content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}",
        f"ok\n          content: {{application/json: {{schema: {inline}}}}}",
    )
    assert inline in bank
    found = mistakes(installation, "{at: /to/iban, on: answer, mode: encrypt}", bank=bank)
    line = next(number for number, text in enumerate(bank.splitlines(), 1) if "x-ringfence-protect" in text)
    assert f"`encrypt` here and `mask` at line {line} of bank.yaml" in found


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("iban: {type: string, x-ringfence-protect: {on: answer, mode: seal, tenant: user}}", "`tenant` says nothing"),
        ("iban: {type: string, x-ringfence-protect: {on: answer, mode: mask, clear_for: [x]}}", "is no scope"),
        ("iban: {type: string, x-ringfence-protect: {on: answer, mode: hide}}", "mode"),
        ("iban: {type: string, x-ringfence-protect: {on: answer, at: /x, mode: mask}}", "without `at`"),
        ("iban: {type: object, additionalProperties: {x-ringfence-protect: {on: answer, mode: mask}}}", "no pointer"),
        ("iban: {type: number, x-ringfence-protect: {on: answer, mode: mask}}", "is no text"),
    ],
)
def test_what_does_not_fit_in_a_schema_is_told_with_its_place(installation, said: str, told: str) -> None:
    found = mistakes(installation, "", bank=in_schema(said))
    assert told in found
    assert "`x-ringfence-protect` at /components/schemas/Payment/properties/to/allOf/0/properties/iban" in found
