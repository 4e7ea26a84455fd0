from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import PolicyMistakes, load
from ringfence.problem import Reason, Refused

Installation = Callable[..., Path]


def told(path: Path) -> list[tuple[int, int, str, str]]:
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    return [(m.line, m.column, m.message, m.instead) for m in found.value.mistakes]


def test_a_good_policy(installation: Installation) -> None:
    path = installation()
    loaded = load(path)
    assert loaded.places.root == path.parent
    assert [o.operation_id for o in loaded.table.operations] == ["getAccounts"]
    assert loaded.table.match("GET", "/accounts").operation.demands.limits[0][0] == "client"
    assert loaded.waived == ()


def test_the_digest_covers_the_documents(installation: Installation) -> None:
    path = installation()
    before = load(path).digest
    assert load(path).digest == before
    bank = path.parent / "bank.yaml"
    bank.write_text(bank.read_text() + "# changed\n")
    assert load(path).digest != before


TYPES = """\
oauth:
  authorization_details:
    pay: {{schema: {schema}, sentence: "Pay {{amount}}"}}
"""
PAY = "{properties: {amount: {type: string}}}"


def with_types(installation: Installation, schema: str) -> Path:
    path = installation(("oauth:\n", TYPES.format(schema=schema)))
    (path.parent / "pay.yaml").write_text(PAY)
    return path


def test_schemas_of_details_stand_in_the_policy_and_in_the_digest(installation: Installation) -> None:
    path = with_types(installation, "pay.yaml")
    loaded = load(path)
    inline = load(with_types(installation, PAY))
    assert loaded.policy == inline.policy
    assert loaded.schema_files == (path.parent / "pay.yaml",)
    path = with_types(installation, "pay.yaml")
    (path.parent / "pay.yaml").write_text(PAY + "  # changed")
    assert load(path).digest != loaded.digest


def test_a_type_of_details_that_cannot_be_used_is_told(installation: Installation) -> None:
    for schema, said in (("gone.yaml", "cannot be read"), ("7", "write"), ("{type: object}", "no `properties`")):
        assert said in str(told(with_types(installation, schema)))


def test_a_fault_needs_a_waiver(installation: Installation) -> None:
    bank = "openapi: 3.0.3\nsecurity: [{o: []}]\npaths: {/accounts: {get: {responses: {200: {description: ok}}}}}\n"
    ((line, column, message, instead),) = told(installation(bank=bank))
    assert (line, column) == (15, 18)
    assert message.startswith("integer-response-key at /paths/~1accounts/get/responses/200 of bank.yaml")
    assert '{fault: integer-response-key, at: "/paths/~1accounts/get/responses/200"' in instead
    waiver = "        waivers: [{fault: integer-response-key, at: /paths/*, reason: as published}]\non_outage:"
    loaded = load(installation(("on_outage:", waiver), bank=bank))
    assert [w.fault for w in loaded.waived] == ["integer-response-key"]


def test_an_idle_waiver_is_a_mistake(installation: Installation) -> None:
    waiver = "        waivers:\n          - {fault: bad-default, at: /paths/*, reason: as published}\non_outage:"
    assert told(installation(("on_outage:", waiver))) == [
        (19, 13, "the document has no `bad-default` there", "remove the waiver")
    ]


def test_a_waived_fault_hides_and_never_opens(installation: Installation) -> None:
    bank = """\
openapi: 3.0.3
security: [{o: []}]
paths:
  /pay:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/gone'}}}}
      responses: {}
"""
    waiver = "        waivers: [{fault: dangling-reference, at: /paths/*, reason: as published}]\non_outage:"
    table = load(installation(("on_outage:", waiver), bank=bank)).table
    with pytest.raises(Refused) as refused:
        table.match("POST", "/pay")
    assert refused.value.reason is Reason.NOT_EXPOSED


def test_a_remote_reference_has_no_waiver(installation: Installation) -> None:
    bank = "openapi: 3.0.3\npaths: {/a: {$ref: 'file:///etc/passwd'}}\n"
    waiver = "        waivers: [{fault: remote-reference, at: /paths/*, reason: please}]\non_outage:"
    messages = [t[2] for t in told(installation(("on_outage:", waiver), bank=bank))]
    assert any("remote-reference at /paths/~1a" in m for m in messages)
    assert "`remote-reference` cannot be tolerated" in messages


def test_operations_that_nothing_is_demanded_of(installation: Installation) -> None:
    assert told(installation(("{scopes: [pay], limits: [client]}", "{limits: [client]}")))[0][:3] == (
        17,
        19,
        "no scopes are demanded of `getAccounts`",
    )
    (only,) = told(installation(("{scopes: [pay], limits: [client]}", "{scopes: []}")))
    assert only[2] == "`getAccounts` demands a customer but no scope"
    load(installation(("{scopes: [pay], limits: [client]}", "{scopes: [], user: any}")))


def test_two_versions_on_the_same_paths(installation: Installation) -> None:
    again = """\
      - name: v2
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay]}
on_outage:"""
    ((line, column, message, _),) = told(installation(("on_outage:", again)))
    assert (line, column) == (18, 9)
    assert message == "`/accounts` answers to the same paths as `/accounts` of bank v1"
    load(installation(("on_outage:", again.replace("bank.yaml\n", "bank.yaml\n        base_path: /v2\n"))))


def test_a_document_that_is_missing_or_broken(installation: Installation) -> None:
    assert [t[2] for t in told(installation(("openapi: bank.yaml", "openapi: gone.yaml")))][-1].startswith(
        "the document gone.yaml"
    )
    broken = told(installation(bank="openapi: 3.0.3\npaths: {/a: 1, /a: 2}\n"))
    assert (2, 16, "`/a` stands twice in one mapping", "keep one of the two") in broken


def test_structure_mistakes_and_a_missing_file(installation: Installation, tmp_path: Path) -> None:
    assert told(installation(("version: 1", "version: 1\nversion: 1")))[0][:2] == (2, 1)
    assert "cannot be read" in told(tmp_path / "none.yaml")[0][2]
