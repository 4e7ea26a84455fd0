"""What an OpenAPI document itself says of a value, judged by `openapi-schema-validator`: none of our code, no engine of ours.

The gateway is stricter than a document in ways that are named here (`undeclared`); in nothing else may it differ.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Path = tuple[str | int, ...]
_DOCUMENT = "urn:written"
_ABOUT_MEMBERS = ("properties", "additionalProperties", "patternProperties", "unevaluatedProperties", "items")
_REFINING = ("allOf", "anyOf", "oneOf")


class WrittenSchemas:
    """The schemas of one document, as they are written."""

    def __init__(self, document: dict[str, Any], *, answers: bool = False) -> None:
        self._answers = answers
        self._hidden = "writeOnly" if answers else "readOnly"
        self.document = document
        self.is_3_0 = str(document["openapi"]).startswith("3.0")
        reader = OAS30ReadValidator if answers else OAS30WriteValidator
        self._kind: Any = reader if self.is_3_0 else OAS31Validator
        self._formats = deepcopy(self._kind.FORMAT_CHECKER)
        self._formats.checks("email")(_email)
        self._formats.checks("date-time")(_date_time)
        self._formats.checks("uri")(_uri)
        self._registry: Any = Registry().with_resource(_DOCUMENT, Resource(document, DRAFT202012))
        self._known: dict[int, tuple[Any, Any]] = {}

    def _validator(self, schema: Any) -> Any:
        if id(schema) not in self._known:
            made = self._kind(_anchored(schema), registry=self._registry, format_checker=self._formats)
            self._known[id(schema)] = (made, schema)  # the schema is held, so that its id stays its own
        return self._known[id(schema)][0]

    def allows(self, schema: Any, value: Any) -> bool:
        """Whether the document allows a value."""
        return next(self._validator(schema).iter_errors(value), None) is None

    def keywords(self, schema: Any, value: Any) -> set[str]:
        """The keywords that forbid a value, those inside of alternatives too; empty: the document allows it."""
        found: set[str] = set()
        ahead = list(self._validator(schema).iter_errors(value))
        while ahead:
            error = ahead.pop()
            found.add(str(error.validator))
            ahead += error.context or ()
        return found

    def resolved(self, schema: Any) -> Any:
        """The schema that a reference leads to."""
        for _ in range(20):
            if not (isinstance(schema, dict) and "$ref" in schema):
                return schema
            node: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
            schema = node
        return {}

    def applying(self, schema: Any, value: Any) -> Iterator[dict[str, Any]]:
        """The schemas that say something of a value: itself, and of its alternatives those that the value fits."""
        if isinstance(schema, dict) and "$ref" in schema:
            if len(schema) > 1 and not self.is_3_0:
                yield {word: inner for word, inner in schema.items() if word != "$ref"}
            schema = self.resolved(schema)
        if not isinstance(schema, dict):
            return
        yield schema
        for part in self._parts(schema, value):
            yield from self.applying(part, value)

    def _parts(self, schema: dict[str, Any], value: Any) -> Iterator[Any]:
        for word in _REFINING:
            for part in schema.get(word, ()):
                # Of an answer nothing is lost that any alternative declares (docs/gateway.md, "Answers").
                if word == "allOf" or self._answers or self.allows(part, value):
                    yield part
        if self.is_3_0:
            return
        if "if" in schema:
            holds = self.allows(schema["if"], value)
            yield from [schema["if"], schema.get("then")] if holds else [schema.get("else")]
        if isinstance(value, dict):
            yield from (part for name, part in schema.get("dependentSchemas", {}).items() if name in value)

    def undeclared(self, schemas: list[Any], value: Any, at: Path = ()) -> Iterator[Path]:
        """Members that nothing which applies declares, or only for the other direction: none of them goes through.

        An explicit `additionalProperties` declares. Where nothing is said of a value, an object there has no members.
        """
        said = [one for schema in schemas for one in self.applying(schema, value)]
        if any("enum" in one or "const" in one for one in said):
            return  # spelled out
        if self._answers and not any(word in one for one in said for word in _ABOUT_MEMBERS):
            said = [] if isinstance(value, list) else [{"additionalProperties": True}]
        if isinstance(value, dict):
            for name, inner in value.items():
                below = list(_members(said, name))
                if any(one is True for one in below):
                    continue
                if not below or any(self._hides(one) or self._hides(self.resolved(one)) for one in below):
                    yield (*at, name)
                else:
                    yield from self.undeclared(below, inner, (*at, name))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                below = [
                    one["prefixItems"][index] if index < len(one.get("prefixItems", ())) else one["items"]
                    for one in said
                    if "items" in one or index < len(one.get("prefixItems", ()))
                ]
                if True not in below:
                    yield from self.undeclared(below, inner, (*at, index))

    def _hides(self, schema: Any) -> bool:
        return isinstance(schema, dict) and schema.get(self._hidden) is True

    def closed(self, schema: Any, value: Any) -> Any:
        """The value without the members that the gateway does not take."""
        for _ in range(8):
            gone = list(self.undeclared([schema], value))
            if not gone:
                return value
            value = deepcopy(value)
            for *above, name in gone:
                holder = value
                for part in above:
                    holder = holder[part]
                del holder[name]
        return value


def _email(value: Any) -> bool:
    """RFC 5321 §4.1.2, as far as it matters here: the reader's own check wants an `@` somewhere."""
    return not isinstance(value, str) or re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value) is not None


def _date_time(value: Any) -> bool:
    """RFC 3339 §5.6, which the reader checks only with a package that is not here."""
    if not isinstance(value, str):
        return True
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", value, re.ASCII) is None:
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", value.upper()))
    except ValueError:
        return False
    return True


def _uri(value: Any) -> bool:
    """RFC 3986 §3, likewise."""
    return not isinstance(value, str) or re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]*", value) is not None


def _members(said: list[dict[str, Any]], name: str) -> Iterator[Any]:
    """What is said of a member: schemas, or True where it may be anything."""
    for one in said:
        more = one.get("additionalProperties", one.get("unevaluatedProperties", False))
        patterns = [inner for text, inner in one.get("patternProperties", {}).items() if re.search(text, name)]
        if name in one.get("properties", {}):
            yield one["properties"][name]
        elif patterns:
            yield from patterns
        elif more is not False:
            yield more


def _anchored(schema: Any) -> Any:
    """The schema with references that lead into the document from anywhere.

    Without discriminators, which decide nothing about validity (OpenAPI 3.0.4 §4.7.25); the reader's do, and break.
    """
    if isinstance(schema, list):
        return [_anchored(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: _DOCUMENT + inner if word == "$ref" and isinstance(inner, str) else _anchored(inner)
        for word, inner in schema.items()
        if word != "discriminator"
    }
