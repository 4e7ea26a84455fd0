"""Compile an OpenAPI document into operations.  OpenAPI 3.0.4; OpenAPI 3.1.1.

What a document leaves unclear is never guessed in the caller's favour: the fault is told by name and
place, and the operation that depends on it is hidden.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ringfence.policy.annotated_fields import SchemaRules
from ringfence.policy.answers import AnswerCompiler
from ringfence.policy.bodies import BodyCompiler
from ringfence.policy.demands import effective, merged
from ringfence.policy.document import Document
from ringfence.policy.examples import check_examples
from ringfence.policy.faults import DocumentFault, Faults
from ringfence.policy.limits_model import Limit
from ringfence.policy.lint import lint
from ringfence.policy.minimised_fields import minimised
from ringfence.policy.model import ApiVersion, Demands
from ringfence.policy.operations import Operation, Parameter
from ringfence.policy.parameters import ParameterCompiler
from ringfence.policy.pointers import below, pointer
from ringfence.policy.protected_fields import protected_fields
from ringfence.policy.protection_model import Protect
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.templates import InvalidTemplate, Segment, read_template
from ringfence.policy.validators import Workshop

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Declared(msgspec.Struct, frozen=True):
    """An operation as the document declares it, before anything in it is compiled."""

    operation_id: str
    """Unique in its document: `operationId`, or `METHOD /path` where that is absent or taken."""
    method: str
    path: str
    at: str
    raw: dict[str, Any]
    shared_parameters: Any
    shared_at: str

    @property
    def names(self) -> tuple[str, str]:
        """What a policy may call it."""
        return self.operation_id, f"{self.method} {self.path}"


class CompiledDocument(msgspec.Struct, frozen=True):
    """What a document and a version's policy come to."""

    declared: tuple[Declared, ...]
    operations: tuple[Operation, ...]
    hidden: tuple[tuple[str, str], ...]
    """Method and template (with `base_path`) of operations that are there but not exposed."""
    faults: tuple[DocumentFault, ...]
    demands: Mapping[str, Demands]
    """By operation id, for the exposed ones: what the policy says, defaults filled in."""
    uncompiled: tuple[str, ...]
    """What the validator said of schemas that it did not compile. Our own checks come first, so: of a gap in them."""


def compile_document(
    document: Document,
    api: str,
    version: ApiVersion,
    limits: Mapping[str, Limit],
    *,
    whole: bool = True,
    keep: bool = False,
) -> CompiledDocument:
    """Return the operations of one version of an API, and every fault of its document.

    Args:
        document: the document.
        api: the API's name.
        version: what the policy says about it.
        limits: the policy's named limits.
        whole: look also at what calls do not need, such as responses, for faults.
        keep: let the schemas be had from their validators, for a comparison.
    """
    return _Compilation(document, api, version, limits, keep=keep).run(whole=whole)


class _Compilation:
    """One run over one document."""

    def __init__(
        self, document: Document, api: str, version: ApiVersion, limits: Mapping[str, Limit], *, keep: bool
    ) -> None:
        self.document = document
        self.api = api
        self.version = version
        self.limits = limits
        self.faults = Faults()
        self.references = References(document.data, self.faults)
        self.schema_rules = SchemaRules(document.data)
        self.schemas = Schemas(self.references, self.faults, is_3_0=document.is_3_0)
        self.workshop = Workshop(keep=keep)
        parts = (self.references, self.schemas, self.workshop, self.faults)
        self.parameters = ParameterCompiler(*parts)
        self.bodies = BodyCompiler(*parts)
        self.answers = AnswerCompiler(*parts)
        self.shapes: dict[tuple[str, ...], str] = {}

    def run(self, *, whole: bool) -> CompiledDocument:
        declared = tuple(self.declared())
        operations: list[Operation] = []
        hidden: list[tuple[str, str]] = []
        demands: dict[str, Demands] = {}
        for one in declared:
            try:
                segments = self.segments(one)
            except Broken:
                continue
            asked = merged(self.version.defaults, self.own_demands(one))
            try:
                operation = self.operation(one, segments, asked)
            except Broken:
                operation = None
            if operation is None or asked.expose is False:
                hidden.append((one.method, self.version.base_path + one.path))
            else:
                operations.append(operation)
                demands[one.operation_id] = asked
        if whole:
            lint(self.document, declared, self.references, self.faults)
        self.workshop.close(self.schemas.definitions)
        uncompiled = self.workshop.compile_all()
        if whole and not uncompiled:
            self.examples(declared, operations)
        return CompiledDocument(declared, tuple(operations), tuple(hidden), self.faults.all(), demands, uncompiled)

    def examples(self, declared: tuple[Declared, ...], operations: list[Operation]) -> None:
        bodies = {operation.operation_id: operation.bodies for operation in operations}
        for one in declared:
            if bodies.get(one.operation_id):
                raw = one.raw["requestBody"]
                check_examples(raw, f"{one.at}/requestBody", bodies[one.operation_id], self.references, self.faults)

    def declared(self) -> Iterator[Declared]:
        """Yield the operations, each with a name that is its own."""
        taken: set[str] = set()
        for path, raw_item in self.document.data.get("paths", {}).items():
            if str(path).startswith("x-"):
                continue
            at = pointer("paths", path)
            try:
                item, item_at = self.references.resolved(raw_item, at)
            except Broken:
                continue
            if not isinstance(item, dict):
                self.faults.add("invalid-operation", at, "a path item is a mapping")
                continue
            for method in METHODS:
                raw = item.get(method)
                if raw is None:
                    continue
                if not isinstance(raw, dict):
                    self.faults.add("invalid-operation", f"{item_at}/{method}", "an operation is a mapping")
                    continue
                name = raw.get("operationId")
                plain = f"{method.upper()} {path}"
                if isinstance(name, str) and name in taken:
                    self.faults.add("duplicate-operation-id", f"{item_at}/{method}", f"`{name}` is taken already")
                named = name if isinstance(name, str) and name and name not in taken else plain
                taken.add(named)
                shared = item.get("parameters", [])
                yield Declared(
                    named, method.upper(), str(path), f"{item_at}/{method}", raw, shared, f"{item_at}/parameters"
                )

    def own_demands(self, one: Declared) -> Demands | None:
        return next((self.version.operations[n] for n in one.names if n in self.version.operations), None)

    def segments(self, one: Declared) -> tuple[Segment, ...]:
        """Return the path's segments, unless it cannot be matched or another one has taken its place."""
        at = pointer("paths", one.path)
        try:
            segments = read_template(one.path)
        except InvalidTemplate as error:
            self.faults.add("invalid-path", at, str(error))
            raise Broken(at) from None
        shape = (one.method, *(segment.shape for segment in segments))
        if self.shapes.setdefault(shape, one.path) != one.path:
            self.faults.add("conflicting-paths", at, f"it matches the same paths as `{self.shapes[shape]}`")
            raise Broken(at)
        return segments

    def operation(self, one: Declared, segments: tuple[Segment, ...], asked: Demands) -> Operation:
        own = one.raw.get("parameters", [])
        parameters = self.parameters.all(one.shared_parameters, own, one.shared_at, f"{one.at}/parameters")
        names = {name for segment in segments for name in segment.names}
        bodies, required = self.bodies.of(one.method, one.raw, one.at, signed=asked.body_signature == "compact")
        responses = one.raw.get("responses")
        return Operation(
            api=self.api,
            version=self.version.name,
            operation_id=one.operation_id,
            method=one.method,
            template=self.version.base_path + one.path,
            upstream=self.version.upstream,
            upstream_name=f"{self.api}/{self.version.name}",
            demands=effective(asked, self.limits),
            parameters=self.of_path(parameters, names, one),
            bodies=bodies,
            body_required=required,
            unknown_query=self.version.unknown_query,
            signed_bodies=self.version.signed_bodies,
            responses=self.answers.of(one.raw, one.at) if self.version.responses.looks else {},
            response_rules=self.version.responses,
            statuses=frozenset(str(s) for s in responses) if isinstance(responses, dict) else frozenset(),
            screening=msgspec.structs.replace(
                self.version.screening, mode=asked.screening or self.version.screening.mode
            ),
            protected=protected_fields(asked.protect, one.raw, self.api, one.operation_id, self.annotated(one)),
            minimised=minimised(asked.minimise, one.raw, References(self.document.data, Faults())),
        )

    def annotated(self, one: Declared) -> tuple[Protect, ...]:
        return tuple(found.rule for found in self.schema_rules.of(one.raw, one.at).rules)

    def of_path(self, parameters: tuple[Parameter, ...], names: set[str], one: Declared) -> tuple[Parameter, ...]:
        """Return the parameters without those of the path that the template does not name."""
        declared = {p.name for p in parameters if p.location == "path"}
        if names - declared:
            missing = ", ".join(f"`{n}`" for n in sorted(names - declared))
            self.faults.add("undeclared-path-parameter", one.at, f"not declared: {missing}")
            raise Broken(one.at)
        for name in sorted(declared - names):
            self.faults.add("unused-path-parameter", below(one.at, "parameters"), f"`{name}` is not in the path")
        return tuple(p for p in parameters if p.location != "path" or p.name in names)
