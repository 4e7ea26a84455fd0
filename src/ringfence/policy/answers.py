"""Compile the responses that an operation declares.  OpenAPI 3.1.1 §4.8.16, §4.8.17."""

from collections.abc import Mapping
from typing import Any

from ringfence.policy.faults import Faults
from ringfence.policy.operations import Content, DeclaredResponse
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.shapes import Shapes
from ringfence.policy.validators import Workshop


class AnswerCompiler:
    """Compiles responses; one that several operations refer to is compiled once."""

    def __init__(self, references: References, schemas: Schemas, workshop: Workshop, faults: Faults) -> None:
        """Share the document's parts."""
        self._references = references
        self._schemas = schemas
        self._workshop = workshop
        self._faults = faults
        self._shapes = Shapes(references)
        self._compiled: dict[str, DeclaredResponse] = {}

    def of(self, operation: dict[str, Any], at: str) -> Mapping[str, DeclaredResponse]:
        """Return the declared responses by status key: `200`, `4XX`, `default`."""
        responses = operation.get("responses")
        if not isinstance(responses, dict):
            return {}
        return {
            str(status).upper() if str(status) != "default" else "default": self._one(
                raw, below(f"{at}/responses", status)
            )
            for status, raw in responses.items()
        }

    def _one(self, raw: Any, at: str) -> DeclaredResponse:
        try:
            raw, at = self._references.resolved(raw, at)
        except Broken:
            return DeclaredResponse({})
        if at not in self._compiled:
            content = raw.get("content") if isinstance(raw, dict) else None
            self._compiled[at] = DeclaredResponse(
                {
                    str(name).partition(";")[0].strip().lower(): self._content(media, below(f"{at}/content", name))
                    for name, media in (content.items() if isinstance(content, dict) else ())
                }
            )
        return self._compiled[at]

    def _content(self, media: Any, at: str) -> Content:
        if not isinstance(media, dict) or "schema" not in media:
            return Content()
        schema, schema_at = media["schema"], f"{at}/schema"
        try:
            validator = self._workshop.brief_validator(self._schemas.response(schema, schema_at))
        except Broken:
            return Content()
        return Content(validator, self._shapes.of(((schema_at, schema),)))
