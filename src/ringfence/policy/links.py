"""Hold what operations say of payments, objects and amounts against the documents and the types that they name.  SCA RTS art. 5."""

from collections.abc import Iterator
from typing import Any

from ringfence.policy.consent_limit_checks import consent_limit_mistakes
from ringfence.policy.document import Document
from ringfence.policy.expression_checks import expression_mistakes
from ringfence.policy.faults import Faults
from ringfence.policy.limits import operation_mistakes
from ringfence.policy.linking_model import Link, ObjectRule
from ringfence.policy.members import described, kinds
from ringfence.policy.minimise_checks import minimise_mistakes
from ringfence.policy.mistakes import choose
from ringfence.policy.model import ApiVersion, Demands, Policy
from ringfence.policy.new_payee_checks import new_payee_mistakes
from ringfence.policy.openapi import CompiledDocument, Declared
from ringfence.policy.operations import Operation
from ringfence.policy.references import Broken, References
from ringfence.policy.rules import fact_mistakes, rule_mistakes

Found = tuple[tuple[str | int, ...], str, str]
"""Where below the version, what is wrong, and what to write instead."""


def link_mistakes(
    policy: Policy, version: ApiVersion, document: Document, compiled: CompiledDocument
) -> Iterator[Found]:
    """Yield what is wrong with `link`, `objects`, `step_up`, `facts`, `rules`, `limits`, `cost` and `minimise` of a version's operations."""
    by_id = {operation.operation_id: operation for operation in compiled.operations}
    for one in compiled.declared:
        demands, operation = compiled.demands.get(one.operation_id), by_id.get(one.operation_id)
        if demands is None or operation is None:
            continue
        reader = _Reader(policy, document, one, operation)
        own = next((version.operations[n] for n in one.names if n in version.operations), None)
        name = next((n for n in one.names if n in version.operations), "")
        for member, wrong, instead in reader.all(demands):
            said = own is not None and getattr(own, member) is not None
            yield (("operations", name, member) if said else ("defaults", member)), wrong, instead


class _Reader:
    """Looks at one operation."""

    def __init__(self, policy: Policy, document: Document, one: Declared, operation: Operation) -> None:
        self.types = policy.oauth.authorization_details
        self.scopes = policy.oauth.scopes
        self.geo = bool(policy.geo)
        self.limits = policy.limits
        self.one = one
        self.operation = operation
        self.references = References(document.data, Faults())

    def all(self, demands: Demands) -> Iterator[tuple[str, str, str]]:
        if demands.link is not None:
            for wrong, instead in self.link(demands.link):
                yield "link", wrong, instead
        for rule in demands.objects or ():
            for wrong, instead in self.object(rule):
                yield "objects", wrong, instead
        for step in demands.step_up or ():
            if wrong := self.body_member(step.amount, frozenset({"string", "integer", "number"})):
                yield "step_up", wrong, "name the member that has the amount"
            if not step.acr and step.max_age_seconds is None:
                yield "step_up", "a step demands nothing of the login", "write `acr` or `max_age_seconds`"
        yield from fact_mistakes(
            demands.facts, self.body_member, [f"{p.location}.{p.name}" for p in self.operation.parameters]
        )
        yield from rule_mistakes(demands, geo=self.geo)
        yield from operation_mistakes(demands, self.limits, self.operation.upstream)
        yield from consent_limit_mistakes(demands, self.types)
        yield from new_payee_mistakes(demands)
        for wrong, instead in minimise_mistakes(self.operation, self.one.raw, self.references, self.types, self.scopes):
            yield "minimise", wrong, instead
        kinds_of = {f"{p.location}.{p.name}": p.kind for p in self.operation.parameters}
        yield from expression_mistakes(demands, self.body_member, kinds_of, geo=self.geo)

    def link(self, link: Link) -> Iterator[tuple[str, str]]:
        kind = self.types.get(link.type)
        payments = [name for name, found in self.types.items() if found.linking is not None]
        if kind is None or kind.linking is None:
            instead = choose(link.type, payments) or "add `linking` to a type under `oauth.authorization_details`"
            yield f"`{link.type}` is no type that declares `linking`", instead
            return
        if self.operation.method in {"GET", "HEAD"}:
            yield (
                f"`{self.one.operation_id}` is a {self.operation.method}: it makes no payment",
                "leave `link` out here",
            )
            return
        for name in ("amount", "currency", "payee", "payee_name"):
            granted, sent = getattr(kind.linking, name), getattr(link.members, name)
            if granted and not sent:
                yield f"`members` leaves out `{name}`, which `{link.type}` binds", f"write `{name}` with its place"
            elif sent and not granted:
                yield f"`{link.type}` binds no `{name}`", f"leave it out, or write it under `linking` of `{link.type}`"
            elif sent:
                texts = frozenset({"string"})
                if wrong := self.body_member(sent, texts | {"integer", "number"} if name == "amount" else texts):
                    yield wrong, f"name the member that has the {name.replace('_', ' ')}"

    def object(self, rule: ObjectRule) -> Iterator[tuple[str, str]]:
        if bool(rule.parameter) == bool(rule.body):
            yield "an entry names both or neither of `parameter` and `body`", "write exactly one of them"
        kind = self.types.get(rule.type)
        if kind is None:
            yield f"there is no type `{rule.type}` under `oauth.authorization_details`", choose(rule.type, self.types)
        elif isinstance(kind.schema, dict) and not described(
            kind.schema, rule.granted, References(kind.schema, Faults())
        ):
            yield f"`{rule.granted}` is not declared by the schema of `{rule.type}`", "name a member of that type"
        known = [f"{p.location}.{p.name}" for p in self.operation.parameters]
        if rule.parameter and rule.parameter not in known:
            yield f"`{self.one.operation_id}` has no parameter `{rule.parameter}`", choose(rule.parameter, known)
        if rule.body and (wrong := self.body_member(rule.body, frozenset({"string", "integer", "array"}))):
            yield wrong, "name the member that has the identifier"

    def body_member(self, pointer: str, taken: frozenset[str]) -> str:
        """Return what is wrong with a member of the request body, or an empty text."""
        schemas = list(self.bodies())
        if not schemas:
            return f"`{self.one.operation_id}` takes no body that is read"
        for media, schema in schemas:
            found = described(schema, pointer, self.references)
            if not found:
                return f"`{pointer}` is not declared by the body {media} of `{self.one.operation_id}`"
            if not kinds(found) & taken:
                return (
                    f"`{pointer}` in the body of `{self.one.operation_id}` is not of type {' or '.join(sorted(taken))}"
                )
        return ""

    def bodies(self) -> Iterator[tuple[str, Any]]:
        """Yield the schema of every media type that the gateway reads."""
        read = {name for name, body in self.operation.bodies.items() if body.validator is not None}
        try:
            raw, _ = self.references.resolved(self.one.raw.get("requestBody", {}), "")
        except Broken:
            return
        for name, media in raw.get("content", {}).items():
            media_type = str(name).partition(";")[0].strip().lower()
            if media_type in read:
                yield media_type, media["schema"]
