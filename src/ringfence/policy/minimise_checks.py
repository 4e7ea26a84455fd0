"""Hold what a consent has to cover of answers against the document and the types of consents, at start.  RFC 9396 §2; RFC 6901 §4."""

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.policy.answer_schemas import answers, has_schema, is_json
from ringfence.policy.faults import Faults
from ringfence.policy.members import EVERY, described, kinds
from ringfence.policy.minimise_model import Minimise
from ringfence.policy.mistakes import choose
from ringfence.policy.model import DetailType
from ringfence.policy.operations import Operation
from ringfence.policy.pointers import parts_of
from ringfence.policy.protected_fields import sibling
from ringfence.policy.references import References

Said = Iterator[tuple[str, str]]
"""What is wrong, and what to write instead."""


def minimise_mistakes(
    operation: Operation,
    raw: dict[str, Any],
    references: References,
    types: Mapping[str, DetailType],
    scopes: Mapping[str, str],
) -> Said:
    """Yield what is wrong with an operation's `minimise`.

    Args:
        operation: compiled.
        raw: the operation in the document.
        references: of the document.
        types: of authorization details, their schemas in place of their files.
        scopes: of the policy.
    """
    if operation.minimised is None:
        return
    rule, name = operation.minimised.rule, operation.operation_id
    if operation.method == "HEAD":
        yield f"`{name}` is a HEAD: its answers have no members", "leave `minimise` out here"
        return
    schemas = [media["schema"] for _, kind, media in answers(raw, references) if is_json(kind) and has_schema(media)]
    for at in rule.fields:
        if not any(described(schema, at, references) for schema in schemas):
            yield f"`{at}` is not declared by a JSON answer of `{name}`", "name a member that the schema has"
    yield from _permissions(rule, types) if rule.type else _scopes(rule, scopes)
    if operation.demands.idempotency is not None:
        yield from _kept(operation, rule)


def _scopes(rule: Minimise, scopes: Mapping[str, str]) -> Said:
    if rule.permissions:
        yield "`permissions` says nothing without a type", "write `type`, or leave `permissions` out"
    for permission in sorted(set(rule.fields.values()) - scopes.keys()):
        yield f"`{permission}` is no scope", choose(permission, scopes) or "add it under `oauth.scopes`"


def _permissions(rule: Minimise, types: Mapping[str, DetailType]) -> Said:
    kind = types.get(rule.type)
    if kind is None:
        instead = choose(rule.type, types) or "add it under `oauth.authorization_details`"
        yield f"there is no type `{rule.type}` under `oauth.authorization_details`", instead
        return
    if not rule.permissions:
        yield "a type is named, and no `permissions`", f"write where `{rule.type}` names its permissions"
        return
    if not isinstance(kind.schema, dict):
        return  # told where its file is read
    references = References(kind.schema, Faults())
    found = described(kind.schema, rule.permissions, references)
    items = described(kind.schema, f"{rule.permissions}/{EVERY}", references)
    if not found:
        yield f"`{rule.permissions}` is not declared by the schema of `{rule.type}`", "name a member of that type"
    elif "string" not in kinds(items or found):
        yield f"`{rule.permissions}` of `{rule.type}` holds no texts", "name a list of texts, or a text"
    known = [value for schema in items or found for value in _values(schema)]
    for permission in sorted(set(rule.fields.values())) if known else ():
        if permission not in known:
            yield f"no object of `{rule.type}` can name the permission `{permission}`", choose(permission, known)


def _values(schema: dict[str, Any]) -> list[str]:
    """Return the texts that a schema enumerates."""
    listed = schema.get("enum")
    listed = listed if isinstance(listed, list) else [schema["const"]] if "const" in schema else []
    return [value for value in listed if isinstance(value, str)]


def _kept(operation: Operation, rule: Minimise) -> Said:
    """A kept answer is minimised again for who repeats the call: what protection made of it must not hide anything."""
    for field in operation.protected:
        if field.rule.on != "answer" or field.rule.mode == "seal":  # sealed last, and anew for a repetition
            continue
        for at in rule.fields:
            inside = parts_of(at)[: len(field.parts)] == list(field.parts) and at != field.rule.at
            beside = field.rule.mode == "blind_index" and at == field.rule.at
            if inside:
                yield (
                    f"`{at}` lies in `{field.rule.at}`, which is protected in answers that are kept",
                    "minimise that member, or protect the ones in it",
                )
            elif beside:
                yield (
                    f"the blind index `{sibling(field.rule)}` of `{at}` would stay in answers that are kept",
                    "leave out one of them, or `idempotency`",
                )
