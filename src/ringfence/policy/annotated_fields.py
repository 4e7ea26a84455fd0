"""Fields that a document's own schemas say are protected, as the pointers that they come to.  OpenAPI 3.1.1 §4.9; RFC 6901 §4.

The same entries as of an operation, without `at`: where an entry stands says it, behind references, in lists, and in all of
`allOf`, `anyOf`, `oneOf`. What no pointer leads to is a mistake and not a field that stays as it is.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ringfence.policy.answer_schemas import is_json
from ringfence.policy.faults import Faults
from ringfence.policy.members import EVERY
from ringfence.policy.pointers import below, pointer
from ringfence.policy.protection_model import Protect
from ringfence.policy.references import IN_PLACE_LISTS, Broken, References

EXTENSION: Final = "x-ringfence-protect"
"""A member of an operation, a list of the entries of the policy's `protect`; or of a property's schema, one or a list without `at`."""

MOST_STEPS: Final = 20_000
"""Schemas that are looked into for one operation; only those that lead to an entry are."""


class Annotated(msgspec.Struct, frozen=True):
    """An entry in a schema, with the field that it comes to."""

    rule: Protect
    at: str
    """The schema's pointer in the document."""


class AnnotatedFields(msgspec.Struct, frozen=True):
    """What the schemas of one operation say."""

    rules: tuple[Annotated, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()
    """Where in the document, and what is wrong there."""


class SchemaRules:
    """Reads the entries in the schemas of one document."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Look whether the document has any: most have none, and cost no more than this."""
        self._references = References(data, Faults())
        self._leads: dict[str, bool] = {}
        paths, rest = data.get("paths"), {name: value for name, value in data.items() if name != "paths"}
        self._any = _holds(rest) or any(_holds(one) for one in _below_operations(paths))

    def of(self, raw: dict[str, Any], at: str) -> AnnotatedFields:
        """Return what the bodies and answers of an operation say of their fields.

        Args:
            raw: the operation.
            at: its pointer.
        """
        if not self._any:
            return AnnotatedFields()
        walk = _Walk(self._references, self._leads)
        for on, schema, schema_at in self._schemas(raw, at):
            walk.on = on
            walk.into(schema, schema_at, "", ())
        return AnnotatedFields(tuple(walk.rules), tuple(dict.fromkeys(walk.wrong)))

    def _schemas(self, raw: dict[str, Any], at: str) -> Iterator[tuple[str, Any, str]]:
        for media, media_at in self._contents(raw.get("requestBody"), f"{at}/requestBody"):
            yield "request", media, media_at
        responses = raw.get("responses")
        for status, response in responses.items() if isinstance(responses, dict) else ():
            for media, media_at in self._contents(response, below(f"{at}/responses", status)):
                yield "answer", media, media_at

    def _contents(self, raw: Any, at: str) -> Iterator[tuple[Any, str]]:
        try:
            found, found_at = self._references.resolved(raw, at)
        except Broken:
            return
        content = found.get("content") if isinstance(found, dict) else None
        for name, media in content.items() if isinstance(content, dict) else ():
            plain = str(name).partition(";")[0].strip().lower()
            if (is_json(plain) or plain == "application/jwt") and isinstance(media, dict) and "schema" in media:
                yield media["schema"], f"{below(f'{found_at}/content', name)}/schema"


class _Walk:
    """One way through the schemas of one operation."""

    def __init__(self, references: References, leads: dict[str, bool]) -> None:
        self.references = references
        self.leads = leads
        self.on = ""
        self.rules: list[Annotated] = []
        self.wrong: list[tuple[str, str]] = []
        self._steps = 0

    def into(self, raw: Any, at: str, place: str | None, opened: tuple[str, ...]) -> None:
        """Look into a schema.

        Args:
            raw: the schema.
            at: its pointer in the document.
            place: of the values that it is about; None where no pointer leads to them.
            opened: references that led here.
        """
        if not isinstance(raw, dict):
            return
        self._steps += 1
        if self._steps > MOST_STEPS:
            self.wrong.append((at, f"there are more than {MOST_STEPS} ways to fields: name them in the operation"))
            return
        if EXTENSION in raw:
            self._take(raw[EXTENSION], at, place)
        if "$ref" in raw:
            self._follow(raw["$ref"], at, place, opened)
        for word in IN_PLACE_LISTS:
            for index, one in enumerate(raw[word] if isinstance(raw.get(word), list) else ()):
                self.into(one, f"{at}/{word}/{index}", place, opened)
        properties = raw.get("properties")
        for name, one in properties.items() if isinstance(properties, dict) else ():
            inside = None if place is None or name == EVERY else place + pointer(name)
            self.into(one, below(f"{at}/properties", name), inside, opened)
        self.into(raw.get("items"), f"{at}/items", None if place is None else f"{place}/{EVERY}", opened)
        for one, one_at in _elsewhere(raw, at):
            self.into(one, one_at, None, opened)

    def _follow(self, reference: Any, at: str, place: str | None, opened: tuple[str, ...]) -> None:
        try:
            to = self.references.target(reference, at)
        except Broken:
            return
        if not self._lead(to):
            return
        if to in opened:
            self.wrong.append((at, "it lies in a schema that holds itself: name its places in the operation, by `at`"))
            return
        self.into(self.references.value(to), to, place, (*opened, to))

    def _lead(self, to: str) -> bool:
        """Say whether what a reference leads to holds an entry, here or behind further references."""
        if to not in self.leads:
            seen, waiting = set[str](), [to]
            while waiting:
                one = waiting.pop()
                if one in seen:
                    continue
                seen.add(one)
                value = self.references.value(one)
                if _holds(value):
                    self.leads[to] = True
                    break
                for reference in _references_in(value):
                    try:
                        waiting.append(self.references.target(reference, one))
                    except Broken:
                        continue
            else:
                self.leads |= dict.fromkeys(seen, False)
        return self.leads[to]

    def _take(self, said: Any, at: str, place: str | None) -> None:
        if not place:
            what = "it is about the whole body" if place == "" else "no pointer leads to what it is about"
            self.wrong.append((at, f"{what}: put it beside a property's schema, or below `items`"))
            return
        for entry in said if isinstance(said, list) else [said]:
            if not isinstance(entry, dict) or "at" in entry:
                self.wrong.append((at, "an entry is a mapping without `at`: where it stands says it"))
                continue
            try:
                rule = msgspec.convert({**entry, "at": place}, Protect)
            except msgspec.ValidationError as error:
                self.wrong.append((at, str(error)))
                continue
            if rule.on == self.on and all(one.rule != rule for one in self.rules):
                self.rules.append(Annotated(rule, at))


def _elsewhere(raw: dict[str, Any], at: str) -> Iterator[tuple[Any, str]]:
    """Yield the schemas of values that no pointer of ours names: of other members, of one place in a list, of what is not."""
    for word in (
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contains",
        "not",
        "propertyNames",
    ):
        yield raw.get(word), f"{at}/{word}"
    for word in ("if", "then", "else"):
        yield raw.get(word), f"{at}/{word}"
    for word in ("patternProperties", "dependentSchemas"):
        inner = raw.get(word)
        for name, one in inner.items() if isinstance(inner, dict) else ():
            yield one, below(f"{at}/{word}", name)
    prefix = raw.get("prefixItems")
    for index, one in enumerate(prefix if isinstance(prefix, list) else ()):
        yield one, f"{at}/prefixItems/{index}"


def _holds(value: Any) -> bool:
    """Say whether an entry stands anywhere below; the document's depth is bounded."""
    if isinstance(value, dict):
        return EXTENSION in value or any(map(_holds, value.values()))
    return isinstance(value, list) and any(map(_holds, value))


def _below_operations(paths: Any) -> Iterator[Any]:
    """Yield what stands in the operations, whose own entries are read elsewhere."""
    for item in paths.values() if isinstance(paths, dict) else ():
        for operation in item.values() if isinstance(item, dict) else ():
            if isinstance(operation, dict):
                yield {name: value for name, value in operation.items() if name != EXTENSION}


def _references_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references_in(inner)
