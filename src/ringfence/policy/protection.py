"""Hold the fields that are to be protected against the document that describes them, at start.  RFC 6901 §4."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.policy.annotated_fields import EXTENSION, Annotated, SchemaRules
from ringfence.policy.answer_schemas import answers, contents, has_schema
from ringfence.policy.document import Document
from ringfence.policy.faults import Faults
from ringfence.policy.members import described, kinds
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.model import ApiVersion, Demands
from ringfence.policy.openapi import CompiledDocument, Declared
from ringfence.policy.operations import Operation
from ringfence.policy.pointers import parts_of
from ringfence.policy.protected_fields import declared_rules, sibling
from ringfence.policy.protection_model import OPENING, Protect, ProtectedField
from ringfence.policy.references import References
from ringfence.policy.yaml_source import read_yaml

Found = tuple[tuple[str | int, ...], str, str]
"""Where below the version, what is wrong, and what to write instead."""

LONGEST: Final = 240
"""Characters of resource, field, revision and purpose together: the signer binds a key to no longer text."""

_TEXT: Final = frozenset({"tokenise", "detokenise", "mask", "blind_index"})
"""Modes that need a text."""

_ONLY: Final[dict[str, frozenset[str]]] = {
    "keep_first": frozenset({"mask"}),
    "keep_last": frozenset({"mask"}),
    "form": frozenset({"tokenise"}),
    "same_token": frozenset({"tokenise"}),
    "into": frozenset({"blind_index"}),
    "bits": frozenset({"blind_index"}),
    "normalise": frozenset({"tokenise", "blind_index"}),
    "plain": frozenset({"open", "detokenise"}),
    "clear_for": frozenset({"open", "detokenise", "mask"}),
}
"""Members that mean something in these modes only."""


def protection_mistakes(
    version: ApiVersion, document: Document, compiled: CompiledDocument, scopes: Mapping[str, str]
) -> Iterator[Found]:
    """Yield what is wrong with `protect` and `x-ringfence-protect` of a version's operations."""
    by_id = {operation.operation_id: operation for operation in compiled.operations}
    schema_rules = SchemaRules(document.data)
    for one in compiled.declared:
        operation = by_id.get(one.operation_id)
        if operation is None:
            continue
        try:
            declared_rules(one.raw)
        except msgspec.ValidationError as error:
            yield ("openapi",), f"`{EXTENSION}` at {one.at} of {version.openapi}: {error}", "see `ringfence schema`"
            continue
        found = schema_rules.of(one.raw, one.at)
        for schema_at, wrong in found.wrong:
            yield ("openapi",), f"{_schema(version, schema_at)}{wrong}", "see docs/protection.md"
        if operation.protected:
            yield from _joined(version, document, one, operation, found.rules)
            yield from _each(version, document, one, operation, compiled.demands[one.operation_id], scopes, found.rules)


def _joined(
    version: ApiVersion, document: Document, one: Declared, operation: Operation, annotated: Sequence[Annotated]
) -> Iterator[Found]:
    """What is wrong with the rules together: those of the policy or the operation, and those of schemas."""
    at, front = _place(version, one)
    of_schemas = [field.rule for field in annotated]
    listed = [field.rule for field in operation.protected if field.rule not in of_schemas]
    for wrong, instead in (
        *_clashes(listed, annotated, version, document),
        *_twice(listed),
        *_twice(of_schemas),
    ):
        yield at, front + wrong, instead


def _each(
    version: ApiVersion,
    document: Document,
    one: Declared,
    operation: Operation,
    demands: Demands,
    scopes: Mapping[str, str],
    annotated: Sequence[Annotated],
) -> Iterator[Found]:
    """What is wrong with each rule, where it stands."""
    at, front = _place(version, one)
    by_rule = {field.rule: field.at for field in annotated}
    for rule, wrong, instead in _wrong(operation, demands, document, one, scopes):
        if rule in by_rule:
            yield ("openapi",), _schema(version, by_rule[rule]) + wrong, instead
        else:
            yield at, front + wrong, instead


def _place(version: ApiVersion, one: Declared) -> tuple[tuple[str | int, ...], str]:
    """Return where the rules stand, and how a message about them begins."""
    for name in one.names:
        own = version.operations.get(name)
        if own is not None and own.protect is not None:
            return ("operations", name, "protect"), ""
    if version.defaults.protect is not None:
        return ("defaults", "protect"), ""
    return ("openapi",), f"`{EXTENSION}` at {one.at} of {version.openapi}: "


def _schema(version: ApiVersion, at: str) -> str:
    """Return how a message about an entry in a schema begins."""
    return f"`{EXTENSION}` at {at} of {version.openapi}: "


def _clashes(
    listed: Sequence[Protect], annotated: Sequence[Annotated], version: ApiVersion, document: Document
) -> Iterator[tuple[str, str]]:
    """One field that is protected in one way here, and in another by its schema."""
    for rule in listed:
        for field in annotated:
            if next(_twice([rule, field.rule]), None) is not None:
                where = f"line {_line(document, field.at)} of {version.openapi} ({field.at})"
                yield (
                    f"`{rule.at}` of the {rule.on} is `{rule.mode}` here and `{field.rule.mode}` at {where}",
                    "say it in one of the two places, or write the same in both",
                )


def _line(document: Document, at: str) -> int:
    """Return where a schema stands in its file; read again, because nobody wants to know unless something is wrong."""
    try:
        source = read_yaml(Path(document.file).read_bytes(), document.file)
    except (OSError, PolicyMistakes):
        return 0
    path: tuple[str | int, ...] = ()
    value: Any = source.data
    for part in parts_of(at):
        named = isinstance(value, dict) and part in value  # YAML has numbers for names, too
        step: str | int = part if named else int(part)
        value, path = value[step], (*path, step)
    return source.at(path, key=True).line


def _wrong(
    operation: Operation, demands: Demands, document: Document, one: Declared, scopes: Mapping[str, str]
) -> Iterator[tuple[Protect | None, str, str]]:
    references = References(document.data, Faults())
    sides: dict[str, list[tuple[str, Any]]] = {
        "request": list(_bodies(operation, one, references)),
        "answer": list(_answers(one, references)),
    }
    for field in operation.protected:
        for wrong, instead in _of_rule(field, operation, demands, sides[field.rule.on], references):
            yield field.rule, wrong, instead
        for scope in field.rule.clear_for:
            if scope not in scopes:
                yield field.rule, f"`{scope}` in `clear_for` is no scope", "name one under `oauth.scopes`"
    if any(field.rule.on == "request" for field in operation.protected):
        for wrong, instead in _unsuited(operation):
            yield None, wrong, instead


def _of_rule(
    field: ProtectedField,
    operation: Operation,
    demands: Demands,
    schemas: Sequence[tuple[str, Any]],
    references: References,
) -> Iterator[tuple[str, str]]:
    rule, name = field.rule, operation.operation_id
    side = "a body" if rule.on == "request" else "an answer"
    found = [inner for _, schema in schemas for inner in described(schema, rule.at, references)]
    if not found:
        yield f"`{rule.at}` is not declared by {side} of `{name}`", "name a member that the schema has"
    elif rule.mode in _TEXT and kinds(found) and "string" not in kinds(found):
        yield f"`{rule.at}` of `{name}` is no text, which `{rule.mode}` needs", "write `encrypt`, or another field"
    if rule.mode == "seal":
        yield from _of_sealed(rule, operation)
    if rule.mode == "blind_index":
        yield from _of_index(rule, f"{side} of `{name}`", schemas, references)
    for member, modes in _ONLY.items():
        default = Protect(at="/x", on="request", mode="mask")
        if rule.mode not in modes and getattr(rule, member) != getattr(default, member):
            yield f"`{member}` says nothing about `{rule.mode}`", f"leave it out, or write `mode: {min(modes)}`"
    if rule.tenant == "user" and demands.user == "any":
        yield f"`{name}` is called without a customer, whose `{rule.at}` is to be", "write `tenant: client`"
    if len(field.scope("deterministic")) > LONGEST:
        yield f"the names of `{rule.at}` are longer than {LONGEST} characters", "write a short `resource` and `field`"


def _of_index(
    rule: Protect, whose: str, schemas: Sequence[tuple[str, Any]], references: References
) -> Iterator[tuple[str, str]]:
    """A blind index stands beside its field, where nothing else does."""
    beside = rule.at.rpartition("/")[0] + "/" + sibling(rule)
    if rule.at.endswith("/*"):
        yield f"`{rule.at}` are members of a list: nothing stands beside them", "name a member of an object"
    elif any(described(schema, beside, references) for _, schema in schemas):
        yield f"`{beside}` is declared by {whose} already", "write another name under `into`"


def _of_sealed(rule: Protect, operation: Operation) -> Iterator[tuple[str, str]]:
    """What is sealed is sealed to the caller, once."""
    if rule.on == "request":
        yield f"`{rule.at}` of the request would be sealed to who sent it", "write `encrypt`, or `on: answer`"
    if operation.demands.answer_sealed:
        yield (
            f"`{rule.at}` of `{operation.operation_id}` is sealed, and so is the whole answer",
            "leave one of the two out",
        )
    for member, default in {"resource": "", "field": "", "revision": 1, "tenant": "client"}.items():
        if getattr(rule, member) != default:
            yield f"`{member}` says nothing about `seal`, whose key is the client's", "leave it out"


def _twice(rules: Sequence[Protect]) -> Iterator[tuple[str, str]]:
    """One field is changed by one rule; a blind index changes nothing, and what lies in a field goes with it."""
    changing = [rule for rule in rules if rule.mode != "blind_index"]
    for one, other in combinations(changing, 2):
        short, long = sorted((one.at, other.at), key=len)
        if one.on == other.on and (long + "/").startswith(short + "/") and not _passed_on(one, other):
            both = f"`{one.mode}` and `{other.mode}`"
            yield f"`{long}` has two modes on the {one.on}: {both}", "keep one of them"
    indexes = [(rule.on, rule.at.rpartition("/")[0], sibling(rule)) for rule in rules if rule.mode == "blind_index"]
    for index in {index for index in indexes if indexes.count(index) > 1}:
        yield f"two blind indexes go into `{index[1]}/{index[2]}`", "write another name under `into`"


def _passed_on(one: Protect, other: Protect) -> bool:
    """Say whether what one of the rules opens is what the other seals for the partner."""
    opening, sealing = (one, other) if other.mode == "seal" else (other, one)
    return sealing.mode == "seal" and opening.mode in OPENING and (opening.at + "/").startswith(sealing.at + "/")


def _unsuited(operation: Operation) -> Iterator[tuple[str, str]]:
    """Bodies that cannot be changed: signed by the caller and passed on so, or not read as JSON."""
    name, demands = operation.operation_id, operation.demands
    if demands.body_signature == "detached" or (demands.body_signature == "compact" and not demands.payload_upstream):
        yield (
            f"the body of `{name}` is signed and passed on as it came: no field in it can be changed",
            "write `body_signature: compact` with `upstream_body: payload`, or leave `protect` of requests out",
        )
    for media, body in operation.bodies.items():
        if body.form or body.validator is None:
            yield f"`{name}` takes {media}, in which no field is protected", "declare JSON alone"


def _bodies(operation: Operation, one: Declared, references: References) -> Iterator[tuple[str, Any]]:
    read = {name for name, body in operation.bodies.items() if body.validator is not None}
    for media_type, media in contents(one.raw.get("requestBody", {}), references):
        if has_schema(media) and media_type in read:
            yield media_type, media["schema"]


def _answers(one: Declared, references: References) -> Iterator[tuple[str, Any]]:
    for _, media_type, media in answers(one.raw, references):
        if has_schema(media):
            yield media_type, media["schema"]
