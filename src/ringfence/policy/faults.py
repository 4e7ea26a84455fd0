"""What can be wrong with an OpenAPI document, by a stable name, and what happens when it is tolerated."""

from typing import Final

import msgspec


class FaultKind(msgspec.Struct, frozen=True):
    """A kind of fault. `tolerated` says how; empty means that no waiver is taken for it."""

    meaning: str
    tolerated: str = ""


_HIDDEN: Final = "the operations that need it are not exposed"

FAULTS: Final[dict[str, FaultKind]] = {
    "not-openapi": FaultKind("The file is not an OpenAPI 3.0 or 3.1 document"),
    "remote-reference": FaultKind("A `$ref` leads out of the document; nothing outside is ever fetched"),
    "dangling-reference": FaultKind("A `$ref` leads to nothing", _HIDDEN),
    "endless-reference": FaultKind("A `$ref` leads back to itself without anything between", _HIDDEN),
    "too-complex": FaultKind("A schema unfolds to more parts than a call may cost", _HIDDEN),
    "invalid-schema": FaultKind("A schema's keyword has a value that it cannot have", _HIDDEN),
    "invalid-pattern": FaultKind("A pattern is not a regular expression, or too large for one", _HIDDEN),
    "unsupported-keyword": FaultKind("A schema uses a keyword that moves references about", _HIDDEN),
    "unknown-keyword": FaultKind("A schema has a keyword that JSON Schema does not know", "the keyword is ignored"),
    "duplicate-enum-member": FaultKind("An enum names a member twice", "the member counts once"),
    "bad-default": FaultKind("A default does not fit its own schema", "Ringfence fills in no defaults"),
    "free-form-object": FaultKind(
        "A request's object declares no members and does not say `additionalProperties`",
        "only an empty object is taken there; write `additionalProperties: true` into the document to open it",
    ),
    "integer-response-key": FaultKind("A response status is a number, not a string", "it is read as a string"),
    "duplicate-operation-id": FaultKind(
        "Two operations have one `operationId`", "the later ones are named `METHOD /path`"
    ),
    "invalid-operation": FaultKind("An operation or a part of it does not have OpenAPI's form", _HIDDEN),
    "invalid-path": FaultKind("A path template cannot be matched", _HIDDEN),
    "conflicting-paths": FaultKind("Two path templates match the same paths", "the later one is not exposed"),
    "undeclared-path-parameter": FaultKind("A path template names a parameter that is not declared", _HIDDEN),
    "unused-path-parameter": FaultKind("A path parameter is declared that the template does not name", "it is ignored"),
    "duplicate-parameter": FaultKind("A parameter is declared twice in one list", _HIDDEN),
    "unsupported-parameter": FaultKind("A parameter has a style or a content type that is not read", _HIDDEN),
    "undefined-style": FaultKind(
        "A parameter combines a type and a style that OpenAPI does not define", "it is read as `name[]=a&name[]=b`"
    ),
    "body-on-get": FaultKind(
        "A GET or HEAD declares a request body (RFC 9110 §9.3.1)", "calls with a body are refused"
    ),
    "unchecked-body": FaultKind(
        "A request body's media type has no schema that can be checked", "the media type is not taken: 415"
    ),
    "example-mismatch": FaultKind(
        "An example of a request body does not fit its own schema", "the schema decides: a call like it is refused"
    ),
    "no-security": FaultKind(
        "An operation demands no credentials in the document", "the policy's demands hold: a token is needed"
    ),
}
"""Every fault by name. `docs/policy.md` lists them from here."""


class DocumentFault(msgspec.Struct, frozen=True, order=True):
    """One fault: its name in `FAULTS`, the JSON pointer of its place, and what is wrong there."""

    fault: str
    at: str
    message: str

    @property
    def tolerated(self) -> str:
        """How the fault is tolerated when a waiver names it; `""`: it is not."""
        return FAULTS[self.fault].tolerated


class Faults:
    """Collects faults while a document is read; each place is named once a fault."""

    def __init__(self) -> None:
        """Start with none."""
        self._found: dict[tuple[str, str], DocumentFault] = {}

    def add(self, fault: str, at: str, message: str) -> None:
        """Take a fault."""
        assert fault in FAULTS
        self._found.setdefault((fault, at), DocumentFault(fault, at, message))

    def all(self) -> tuple[DocumentFault, ...]:
        """Return what was found, in the order it was found."""
        return tuple(self._found.values())
