"""What cannot be minimised as written is told at start, with the place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts:
    METHOD:
      operationId: accounts
      responses:
        '200':
          description: ok
          content: {MEDIA: {schema: {$ref: '#/components/schemas/Accounts'}}}
        '400': {description: bad, content: {text/plain: {}}}
components:
  schemas:
    Accounts:
      type: object
      properties:
        list:
          type: array
          items:
            type: object
            required: [number]
            properties: {number: {type: string}, balance: {type: string}, of: {type: object, properties: {name: {type: string}}}}
"""
TYPES = """\
oauth:
  scopes: {pay: Pay, balances: Balances}
  authorization_details:
    access:
      sentence: See {permissions}
      schema:
        required: [permissions]
        properties:
          permissions: {type: array, items: {type: string, enum: [ReadBalances, ReadDetail]}}
          free: {type: array, items: {type: string}}
          one: {type: string, enum: [ReadBalances]}
          count: {type: integer}
          counts: {type: array, items: {type: integer}}
"""
BALANCE = '"/list/*/balance": ReadBalances'


def loaded(
    installation: Callable[..., Path], said: str, more: str = "", method: str = "get", media: str = "application/json"
) -> LoadedPolicy:
    stands = "defaults: {scopes: [pay], limits: [client]}"
    changed = f"{stands}\n        operations: {{accounts: {{minimise: {{{said}}}{more}}}}}"
    bank = BANK.replace("METHOD", method).replace("MEDIA", media)
    return load(installation((stands, changed), ("oauth:\n  scopes: {pay: Pay}\n", TYPES), bank=bank))


def mistakes(installation: Callable[..., Path], *said: str) -> str:
    with pytest.raises(PolicyMistakes) as found:
        loaded(installation, *said)
    assert all(mistake.line for mistake in found.value.mistakes)
    return str(found.value)


@pytest.mark.parametrize("place", ["/permissions", "/free", "/one"])
def test_members_that_fit_stand_in_the_table(installation, place: str) -> None:
    policy = loaded(installation, f"type: access, permissions: {place}, fields: {{{BALANCE}}}")
    (operation,) = policy.table.operations
    assert operation.minimised is not None
    (field,) = operation.minimised.fields
    assert (field.parts, field.permission, field.required) == (("list", "*", "balance"), "ReadBalances", False)
    policy = loaded(installation, 'required: refuse, fields: {"/list/*/number": balances}')
    minimised = policy.table.operations[0].minimised
    assert minimised is not None
    assert minimised.fields[0].required


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            'type: access, permissions: /permissions, fields: {"/list/*/iban": ReadDetail}',
            "`/list/*/iban` is not declared",
        ),
        ('type: access, permissions: /permissions, fields: {"/list/balance": ReadDetail}', "is not declared by a JSON"),
        ("type: acess, permissions: /permissions, fields: {BALANCE}", "there is no type `acess`"),
        ("type: access, fields: {BALANCE}", "no `permissions`"),
        (
            "type: access, permissions: /rights, fields: {BALANCE}",
            "`/rights` is not declared by the schema of `access`",
        ),
        ("type: access, permissions: /count, fields: {BALANCE}", "holds no texts"),
        ("type: access, permissions: /counts, fields: {BALANCE}", "holds no texts"),
        ('type: access, permissions: /permissions, fields: {"/list": ReadBalance}', "write `ReadBalances`"),
        ('type: access, permissions: /one, fields: {"/list": ReadDetail}', "can name the permission `ReadDetail`"),
        ("permissions: /permissions, fields: {BALANCE}", "`permissions` says nothing without a type"),
        ("fields: {BALANCE}", "`ReadBalances` is no scope"),
        ("fields: {}", "fields"),
        ('fields: {"list": pay}', "fields"),
        ('fields: {"/list": ""}', "`/list` is too short"),
        ('required: keep, fields: {"/list": pay}', "`keep`"),
    ],
)
def test_what_does_not_fit_is_told(installation, said: str, told: str) -> None:
    assert told in mistakes(installation, said.replace("BALANCE", BALANCE))


def test_an_answer_in_which_nothing_is_found_is_no_answer_to_minimise(installation) -> None:
    field = 'fields: {"/list": pay}'
    for media in ("text/csv", "application/x-ndjson", "'*/*'", "application/jose+jwe"):
        assert "`/list` is not declared by a JSON answer" in mistakes(installation, field, "", "get", media)
    assert "is a HEAD" in mistakes(installation, field, "", "head")
    loaded(installation, field, "", "get", "application/hal+json")


def test_what_protection_makes_of_a_kept_answer_hides_nothing(installation) -> None:
    keys = ", idempotency: {header: idempotency-key, required: false}"
    inside = 'fields: {"/list/*/of/name": pay}'
    sealed = ", protect: [{at: /list/*/of, on: answer, mode: encrypt}]"
    assert "lies in `/list/*/of`" in mistakes(installation, inside, sealed + keys, "post")
    loaded(installation, inside, sealed, "post")
    loaded(installation, 'fields: {"/list/*/of": pay}', sealed + keys, "post")
    index = ", protect: [{at: /list/*/number, on: answer, mode: blind_index}]"
    number = 'fields: {"/list/*/number": pay}'
    assert "the blind index `number_index`" in mistakes(installation, number, index + keys, "post")
    loaded(installation, number, index, "post")
    loaded(installation, number, keys, "post")
