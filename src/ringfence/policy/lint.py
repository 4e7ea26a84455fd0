"""Read the parts of an OpenAPI document that no call needs, for their faults.  OpenAPI 3.1.1 §4.8.

Request schemas and parameters tell their faults while they are compiled; this adds responses, unused
components and what is wrong with an operation as a whole. Which faults there are: `faults.py`.
"""

from typing import TYPE_CHECKING, Any

from ringfence.policy.document import Document
from ringfence.policy.faults import Faults
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringfence.policy.openapi import Declared


def lint(document: Document, declared: "Sequence[Declared]", references: References, faults: Faults) -> None:
    """Tell the faults of everything that compiling the calls did not read."""
    reader = _Reader(references, Schemas(references, faults, is_3_0=document.is_3_0), faults)
    for one in declared:
        _security(document, one, faults)
        reader.responses(one.raw.get("responses", {}), f"{one.at}/responses")
    components = document.data.get("components", {})
    if isinstance(components, dict):
        reader.components(components)


def _security(document: Document, one: "Declared", faults: Faults) -> None:
    demanded = one.raw.get("security", document.data.get("security", []))
    if not isinstance(demanded, list) or not demanded or {} in demanded:
        faults.add("no-security", one.at, "the document lets anybody call it")


class _Reader:
    """Looks at responses and components."""

    def __init__(self, references: References, schemas: Schemas, faults: Faults) -> None:
        self.references = references
        self.schemas = schemas
        self.faults = faults

    def components(self, components: dict[str, Any]) -> None:
        for name, raw in _members(components.get("schemas")):
            self.schemas.look_at(raw, below("/components/schemas", name))
        for name, raw in _members(components.get("responses")):
            self.response(raw, below("/components/responses", name))
        for name, raw in _members(components.get("headers")):
            self.holder(raw, below("/components/headers", name))

    def responses(self, responses: Any, at: str) -> None:
        if not isinstance(responses, dict):
            self.faults.add("invalid-operation", at, "`responses` is not a mapping")
            return
        for status, raw in responses.items():
            if not isinstance(status, str):
                self.faults.add("integer-response-key", below(at, status), f"write `'{status}'`")
            self.response(raw, below(at, status))

    def response(self, raw: Any, at: str) -> None:
        try:
            found, found_at = self.references.resolved(raw, at)
        except Broken:
            return
        if not isinstance(found, dict) or found_at != at:
            return  # a component, read in its own place
        for name, header in _members(found.get("headers")):
            self.holder(header, below(f"{at}/headers", name))
        for name, media in _members(found.get("content")):
            self.holder(media, below(f"{at}/content", name))

    def holder(self, raw: Any, at: str) -> None:
        """Look at what holds a schema."""
        try:
            found, found_at = self.references.resolved(raw, at)
        except Broken:
            return
        if isinstance(found, dict) and found_at == at and "schema" in found:
            self.schemas.look_at(found["schema"], f"{at}/schema")


def _members(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
