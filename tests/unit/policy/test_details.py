"""Types of authorization details: every mistake in one is told with its place, and what compiles is closed."""

import json
from pathlib import Path

import msgspec
import pytest

from ringfence.policy.details import compile_type, compile_types, read_sentence, resolve
from ringfence.policy.model import OAuth, Policy
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import Source

SCHEMA = {
    "required": ["amount"],
    "properties": {
        "amount": {"type": "string"},
        "creditor": {"type": "object", "properties": {"name": {"type": "string"}}},
        "tags": {"$ref": "#/$defs/tags"},
    },
    "$defs": {"tags": {"type": "array", "items": {"type": "string"}}},
    "$schema": "https://json-schema.org/draft/2020-12/schema",
}


@pytest.mark.parametrize(
    ("detail", "fits"),
    [
        ({"type": "pay", "amount": "1"}, True),
        ({"type": "pay", "amount": "1", "creditor": {"name": "x"}, "tags": ["a"]}, True),
        ({"type": "other", "amount": "1"}, False),
        ({"type": "pay"}, False),
        ({"type": "pay", "amount": 1}, False),
        ({"type": "pay", "amount": "1", "more": 1}, False),
        ({"type": "pay", "amount": "1", "creditor": {"iban": "x"}}, False),
        ({"type": "pay", "amount": "1", "tags": [1]}, False),
    ],
)
def test_members_that_are_not_declared_are_refused_at_every_depth(detail: dict[str, object], fits: bool) -> None:
    assert compile_type("pay", SCHEMA, "Pay {amount}").validator.is_valid(detail) == fits


def test_a_sentence_in_pieces() -> None:
    assert read_sentence("Pay {amount} to {creditor.name}!") == (
        "Pay ",
        ("amount",),
        " to ",
        ("creditor", "name"),
        "!",
    )
    for wrong in ("Pay {", "Pay }", "{}", "{a b}", "{{a}}", "{a.}", "{a!r}", "{a.__class__ }"):
        with pytest.raises(ValueError, match="sentence"):
            read_sentence(wrong)


@pytest.mark.parametrize(
    ("schema", "sentence", "told"),
    [
        ({}, "Pay", "properties"),
        ([], "Pay", "mapping"),
        (SCHEMA, "Pay {total}", "`total`"),
        ({"properties": {"a": {"$ref": "https://evil.example/x"}}}, "Pay", "leads out"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "Pay", "leads out"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "Pay", "fault"),
        ({"properties": {"a": {"pattern": "("}}}, "Pay", "fault"),
    ],
)
def test_what_cannot_be_used_is_told(schema: object, sentence: str, told: str) -> None:
    with pytest.raises(ValueError, match="its ") as caught:
        compile_type("pay", schema, sentence)
    assert told in str(caught.value)


def resolved(tmp_path: Path, **types: dict[str, object]):
    oauth = msgspec.convert({"authorization_details": types}, OAuth)
    policy = msgspec.convert(
        {
            "version": 1,
            "issuer": "https://b.example",
            "listeners": {"public": {"port": 1, "tls": {"certificate": "c", "key": "k"}}},
            "apis": [{"name": "a", "versions": [{"name": "v1", "openapi": "a", "upstream": {"url": "http://u"}}]}],
            "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "spill", "upstream": "refuse"},
        },
        Policy,
    )
    where = Places(root=tmp_path, state=tmp_path, keys=tmp_path)
    return resolve(msgspec.structs.replace(policy, oauth=oauth), where, Source("p.yaml", {}, {}, {}))


def test_a_file_comes_to_stand_in_the_policy(tmp_path: Path) -> None:
    (tmp_path / "pay.json").write_text(json.dumps(SCHEMA))
    found = resolved(tmp_path, pay={"schema": "pay.json", "sentence": "Pay {amount}"})
    assert found.mistakes == ()
    assert found.files == (tmp_path / "pay.json",)
    assert len(found.digests) == 1
    assert set(compile_types(found.policy)) == {"pay"}
    assert found.policy.oauth.authorization_details["pay"].schema == SCHEMA


def test_files_that_cannot_be_read_and_schemas_that_do_not_compile(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("[1]")
    found = resolved(
        tmp_path,
        gone={"schema": "gone.json", "sentence": "Pay"},
        many={"schema": "list.yaml", "sentence": "Pay"},
        bad={"schema": {"type": "object"}, "sentence": "Pay"},
    )
    told = "\n".join(str(mistake) for mistake in found.mistakes)
    for part in ("cannot be read", "`many`: its schema is not a mapping", "`bad`: its schema declares no"):
        assert part in told
