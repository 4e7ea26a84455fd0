"""Compile the request body of an operation, one validator a media type.  OpenAPI 3.1.1 §4.8.13, §4.8.14."""

import re
from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.free_text import FreeText
from ringfence.policy.kinds import property_kinds_of
from ringfence.policy.operations import Body
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.validators import Workshop

_JSON: Final = re.compile(r"application/json|[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.-]+\+json")
_FORM: Final = "application/x-www-form-urlencoded"
_BODILESS: Final = frozenset({"GET", "HEAD", "TRACE"})


class BodyCompiler:
    """Compiles request bodies."""

    def __init__(self, references: References, schemas: Schemas, workshop: Workshop, faults: Faults) -> None:
        """Share the document's parts."""
        self._references = references
        self._schemas = schemas
        self._workshop = workshop
        self._faults = faults
        self._free_text = FreeText(schemas.definitions)

    def of(self, method: str, operation: dict[str, Any], at: str) -> tuple[dict[str, Body], bool]:
        """Return the bodies by media type, and whether one is required.

        Raises:
            Broken: a schema cannot be used, so the operation cannot be exposed.
        """
        if "requestBody" not in operation:
            return {}, False
        raw, body_at = self._references.resolved(operation["requestBody"], f"{at}/requestBody")
        if not isinstance(raw, dict) or not isinstance(raw.get("content"), dict):
            self._faults.add("invalid-operation", body_at, "a request body has `content`")
            raise Broken(body_at)
        if method in _BODILESS:
            self._faults.add("body-on-get", f"{at}/requestBody", f"a {method} has no body that means anything")
            return {}, False
        bodies: dict[str, Body] = {}
        for name, media in raw["content"].items():
            body = self._body(str(name), media, below(f"{body_at}/content", name))
            known = bodies.get(body.media_type)
            if known is not None and known.validator is not body.validator:
                self._faults.add(
                    "invalid-operation", below(f"{body_at}/content", name), "one media type has two different schemas"
                )
                raise Broken(at)
            bodies[body.media_type] = body
        return bodies, raw.get("required") is True

    def _body(self, name: str, media: Any, at: str) -> Body:
        media_type = name.partition(";")[0].strip().lower()
        form = media_type == _FORM
        readable = form or _JSON.fullmatch(media_type) is not None
        if not readable or not isinstance(media, dict) or "schema" not in media:
            why = "there is no schema" if readable else f"`{media_type}` is neither JSON nor a form"
            self._faults.add("unchecked-body", at, why)
            return Body(media_type, None)
        schema, schema_at = media["schema"], f"{at}/schema"
        closed = self._schemas.request(schema, schema_at)
        return Body(
            media_type,
            self._workshop.validator(closed),
            form=form,
            property_kinds=property_kinds_of(schema, schema_at, self._references) if form else {},
            texts=self._free_text.of(closed),
        )
