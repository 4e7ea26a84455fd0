"""Compile the request body of an operation, one validator a media type.  OpenAPI 3.1.1 §4.8.13, §4.8.14."""

import re
from typing import Any, Final

from ringfence.policy.faults import Faults
from ringfence.policy.free_text import FreeText
from ringfence.policy.kinds import item_kind_of, kind_of, properties_of, property_kinds_of
from ringfence.policy.operations import Body, Encoding
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.validators import Workshop

_JSON: Final = re.compile(r"application/json|[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.-]+\+json")
_FORM: Final = "application/x-www-form-urlencoded"
SIGNED: Final = frozenset({"application/jwt", "application/jose"})
"""Media types of a body that is a compact JWS.  RFC 7519 §10.3.1; RFC 7515 §9.2.1."""
CLAIMS: Final = frozenset({"iss", "aud", "iat", "exp", "nbf", "jti"})
"""What a JWT says about itself (RFC 7519 §4.1): schemas of signed bodies describe the rest, and some of them these too."""
_FORM_STYLES: Final = frozenset({"form", "spaceDelimited", "pipeDelimited"})
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

    def of(
        self, method: str, operation: dict[str, Any], at: str, *, signed: bool = False
    ) -> tuple[dict[str, Body], bool]:
        """Return the bodies by media type, and whether one is required.

        Where the policy wants bodies `signed`, only those that are a JWS are taken, whatever else is declared.

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
            media_at = below(f"{body_at}/content", name)
            body = self._signed(str(name), media, media_at) if signed else self._body(str(name), media, media_at)
            known = bodies.get(body.media_type)
            if known is not None and known.validator is not body.validator:
                self._faults.add(
                    "invalid-operation", below(f"{body_at}/content", name), "one media type has two different schemas"
                )
                raise Broken(at)
            bodies[body.media_type] = body
        return bodies, signed or raw.get("required") is True

    def _signed(self, name: str, media: Any, at: str) -> Body:
        media_type = name.partition(";")[0].strip().lower()
        if media_type not in SIGNED or not isinstance(media, dict) or "schema" not in media:
            return Body(media_type, None)
        kinds = property_kinds_of(media["schema"], f"{at}/schema", self._references)
        return self._checked(media_type, media["schema"], at, signed=True, bare_claims=CLAIMS - kinds.keys())

    def _checked(self, media_type: str, schema: Any, at: str, **more: Any) -> Body:
        """Return a body that is held against its schema, its free text known."""
        closed = self._schemas.request(schema, f"{at}/schema")
        return Body(media_type, self._workshop.validator(closed), texts=self._free_text.of(closed), **more)

    def _body(self, name: str, media: Any, at: str) -> Body:
        media_type = name.partition(";")[0].strip().lower()
        form = media_type == _FORM
        readable = form or _JSON.fullmatch(media_type) is not None
        if not readable or not isinstance(media, dict) or "schema" not in media:
            why = "there is no schema" if readable else f"`{media_type}` is neither JSON nor a form"
            self._faults.add("unchecked-body", at, why)
            return Body(media_type, None)
        if not form:
            return self._checked(media_type, media["schema"], at)
        kinds = property_kinds_of(media["schema"], f"{at}/schema", self._references)
        encodings = self._encodings(media, at)
        return self._checked(media_type, media["schema"], at, form=True, property_kinds=kinds, encodings=encodings)

    def _encodings(self, media: dict[str, Any], at: str) -> dict[str, Encoding]:
        """Return how the members of a form are written: arrays, and what an encoding object says to be JSON.

        Raises:
            Broken: an encoding asks for what is not read.
        """
        told = media.get("encoding", {})
        found: dict[str, Encoding] = {}
        for name, (inner, inner_at) in properties_of(media["schema"], f"{at}/schema", self._references).items():
            one = told.get(name, {}) if isinstance(told, dict) else {}
            style = str(one.get("style", "form")) if isinstance(one, dict) else "form"
            json = (
                isinstance(one, dict)
                and str(one.get("contentType", "")).partition(";")[0].strip() == "application/json"
            )
            kind = kind_of(inner, inner_at, self._references)
            if json:
                found[name] = Encoding("form", explode=False, kind=kind, item_kind="any", json=True)
            elif style in _FORM_STYLES and kind == "array":
                explode = one.get("explode", style == "form") is True
                found[name] = Encoding(style, explode, kind, item_kind_of(inner, inner_at, self._references))
            elif style not in _FORM_STYLES and style != "deepObject":
                self._faults.add(
                    "invalid-operation", below(f"{at}/encoding", name), f"the style `{style}` is none of forms"
                )
                raise Broken(at)
        return found
