"""Compile the parameters of an operation.  OpenAPI 3.1.1 §4.8.12."""

from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.free_text import FreeText
from ringfence.policy.kinds import item_kind_of, kind_of, property_kinds_of
from ringfence.policy.operations import Parameter
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.validators import Workshop

_NOT_PARAMETERS: Final = frozenset({"accept", "content-type", "authorization"})
"""Header parameters of these names have no meaning: bodies and security say it."""
_DEFAULT_STYLE: Final = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_STYLES: Final = {
    "path": {"simple"},
    "header": {"simple"},
    "cookie": {"form"},
    "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
}
"""Styles that the gateway reads."""


class ParameterCompiler:
    """Compiles parameters; one that several operations refer to is compiled once."""

    def __init__(self, references: References, schemas: Schemas, workshop: Workshop, faults: Faults) -> None:
        """Share the document's parts."""
        self._references = references
        self._schemas = schemas
        self._workshop = workshop
        self._faults = faults
        self._free_text = FreeText(schemas.definitions)
        self._compiled: dict[str, Parameter | None] = {}

    def all(self, shared: Any, own: Any, shared_at: str, own_at: str) -> tuple[Parameter, ...]:
        """Return an operation's parameters: its own, and those of its path that it does not override.

        Raises:
            Broken: one of them cannot be checked, so the operation cannot be exposed.
        """
        merged: dict[tuple[str, str], Parameter] = {}
        for listed, at in ((shared, shared_at), (own, own_at)):
            merged.update(self._list(listed, at))
        return tuple(merged.values())

    def _list(self, listed: Any, at: str) -> dict[tuple[str, str], Parameter]:
        if not isinstance(listed, list):
            self._faults.add("invalid-operation", at, "`parameters` is not a list")
            raise Broken(at)
        found: dict[tuple[str, str], Parameter] = {}
        for index, raw in enumerate(listed):
            parameter = self._one(*self._references.resolved(raw, f"{at}/{index}"))
            if parameter is None:
                continue
            name = parameter.name.lower() if parameter.location == "header" else parameter.name
            if (parameter.location, name) in found:
                self._faults.add("duplicate-parameter", f"{at}/{index}", f"`{name}` is declared twice")
                raise Broken(at)
            found[parameter.location, name] = parameter
        return found

    def _one(self, raw: Any, at: str) -> Parameter | None:
        """Return the parameter; None for one without meaning."""
        if at not in self._compiled:
            self._compiled[at] = self._compile(raw, at)
        return self._compiled[at]

    def _compile(self, raw: Any, at: str) -> Parameter | None:
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or str(raw.get("in")) not in _STYLES:
            self._faults.add("invalid-operation", at, "a parameter has `name`, and `in`: path, query, header or cookie")
            raise Broken(at)
        name, location = raw["name"], raw["in"]
        if location == "header" and name.lower() in _NOT_PARAMETERS:
            return None
        schema, schema_at, json_content = self._schema(raw, at)
        style = str(raw.get("style", _DEFAULT_STYLE[location]))
        if style not in _STYLES[location]:
            self._faults.add("unsupported-parameter", at, f"the style `{style}` in {location} is not read")
            raise Broken(at)
        kind = kind_of(schema, schema_at, self._references)
        closed = self._schemas.request(schema, schema_at)
        explode = raw.get("explode", style == "form") is True
        if style == "deepObject" and kind == "array":
            self._faults.add("undefined-style", at, "`deepObject` is defined for objects only")
            name, style, explode = f"{name}[]", "form", True
        return Parameter(
            name=name,
            location=location,
            required=location == "path" or raw.get("required") is True,
            style=style,
            explode=explode,
            kind=kind,
            item_kind=item_kind_of(schema, schema_at, self._references),
            validator=self._workshop.validator(closed),
            json_content=json_content,
            property_kinds=property_kinds_of(schema, schema_at, self._references),
            allow_empty=raw.get("allowEmptyValue") is True,
            texts=self._free_text.of(closed),
        )

    def _schema(self, raw: dict[str, Any], at: str) -> tuple[Any, str, bool]:
        """Return the schema, its pointer, and whether the text is JSON."""
        if "schema" in raw:
            return raw["schema"], f"{at}/schema", False
        content = raw.get("content")
        if isinstance(content, dict) and len(content) == 1:
            (media_type, media), *_ = content.items()
            if str(media_type).partition(";")[0].strip().lower() == "application/json" and isinstance(media, dict):
                return media.get("schema", {}), below(f"{at}/content", media_type) + "/schema", True
        self._faults.add("unsupported-parameter", at, "it has neither a `schema` nor one JSON `content`")
        raise Broken(at)
