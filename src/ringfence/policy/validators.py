"""Compile the schemas of one document, all from one shared registry, equal ones once.

The registry's retriever refuses: whatever a schema refers to is in the registry or does not exist.
Parameters and bodies name their validators before the document is read to its end, so a validator
stands for a schema first and is compiled when `Workshop.compile_all` is called: at load, so that a
schema that does not compile is a mistake at start and never a call that passes unchecked. Stripe's
452 operations compile in 40 ms and 15 MB.
"""

from collections import OrderedDict
from typing import Any, Final, NoReturn

import jsonschema_rs
import msgspec

from ringfence.policy.keywords import PATTERN_OPTIONS

MOST_BRIEF: Final = 32
"""Compiled schemas of answers that are kept for one document: at most 2 MB each, 3 ms to compile."""

_DOCUMENT: Final = "urn:ringfence:document"


def _refuse(uri: str) -> NoReturn:
    raise LookupError(f"nothing outside the document is read: {uri}")


class Written(msgspec.Struct, frozen=True):
    """A schema as it was compiled, kept for those who compare policies."""

    schema: Any
    definitions: dict[str, Any]
    """What its references `#/$defs/…` lead to; the same object for all schemas of a document."""


class LazyValidator:
    """A JSON Schema that is compiled once the whole document is known."""

    __slots__ = ("_compiled", "_name", "_workshop")

    def __init__(self, workshop: "Workshop", name: str) -> None:
        """Stand for the schema of that name in the workshop's registry."""
        self._workshop = workshop
        self._name = name
        self._compiled: Any = None

    def compiled(self) -> Any:
        """Return the compiled schema.  Raises ValueError where it does not compile."""
        if self._compiled is None:
            self._compiled = self._workshop.compile(self._name)
        return self._compiled

    def is_valid(self, instance: Any) -> bool:
        """Say whether the instance fits."""
        return bool(self.compiled().is_valid(instance))

    def written(self) -> Written:
        """Return the schema.  Raises LookupError unless the workshop keeps schemas."""
        return self._workshop.written(self._name)

    def iter_errors(self, instance: Any) -> Any:
        """Yield what is wrong: `message`, and `instance_path` as a list of names and indexes."""
        return self.compiled().iter_errors(instance)


class BriefValidator:
    """A JSON Schema of an answer, compiled when it is needed and let go when others are needed more.

    Answers refer to half of a document each: Stripe's 452 operations would take 800 MB compiled all at once.
    """

    __slots__ = ("_name", "_workshop")

    def __init__(self, workshop: "Workshop", name: str) -> None:
        """Stand for the schema of that name in the workshop's registry."""
        self._workshop = workshop
        self._name = name

    def is_valid(self, instance: Any) -> bool:
        """Say whether the instance fits.  Raises ValueError where the schema does not compile."""
        return bool(self._workshop.brief(self._name).is_valid(instance))

    def written(self) -> Written:
        """Return the schema.  Raises LookupError unless the workshop keeps schemas."""
        return self._workshop.written(self._name)

    def iter_errors(self, instance: Any) -> Any:
        """Yield what is wrong, as `LazyValidator.iter_errors`."""
        return self._workshop.brief(self._name).iter_errors(instance)


class Workshop:
    """Makes the validators of one document. Equal schemas share one."""

    def __init__(self, *, keep: bool = False) -> None:
        """Start empty. With `keep`, the schemas themselves can be had from their validators."""
        self._kept: tuple[dict[str, Any], dict[str, Any]] | None = ({}, {}) if keep else None
        self._roots: dict[str, Any] = {}
        self._definitions: dict[str, Any] = {}
        self._by_content: dict[bytes, LazyValidator] = {}
        self._registry: Any = None
        self._brief: OrderedDict[str, Any] = OrderedDict()

    def validator(self, schema: Any) -> LazyValidator:
        """Return the validator for a schema whose references are in the definitions given to `close`."""
        content = msgspec.json.encode(schema)
        found = self._by_content.get(content)
        if found is None:
            name = f"root{len(self._roots)}"
            self._roots[name] = schema
            found = self._by_content[content] = LazyValidator(self, name)
        return found

    def brief_validator(self, schema: Any) -> BriefValidator:
        """Return a validator for a schema of which few are needed at a time."""
        name = f"root{len(self._roots)}"
        self._roots[name] = schema
        return BriefValidator(self, name)

    def brief(self, name: str) -> Any:
        """Return a compiled schema, remembered while it is among the MOST_BRIEF used last."""
        if name in self._brief:
            self._brief.move_to_end(name)
        else:
            self._brief[name] = self.compile(name)
            if len(self._brief) > MOST_BRIEF:
                self._brief.popitem(last=False)
        return self._brief[name]

    def close(self, definitions: dict[str, Any]) -> None:
        """Take the definitions; validators compile from now on."""
        self._definitions = definitions
        if self._kept is not None:
            self._kept = (dict(self._roots), definitions)

    def written(self, name: str) -> Written:
        """Return a schema as it is compiled.  Raises LookupError unless schemas are kept."""
        if self._kept is None:
            raise LookupError("schemas are not kept")
        roots, definitions = self._kept
        return Written(roots[name], definitions)

    def compile(self, name: str) -> Any:
        """Return a compiled schema.  Raises ValueError where it does not compile."""
        if self._registry is None:
            contents = {"$defs": {**self._definitions, **self._roots}}
            self._registry = jsonschema_rs.Registry(
                [(_DOCUMENT, contents)], draft=jsonschema_rs.Draft202012, retriever=_refuse
            )
            self._roots, self._definitions = {}, {}
        return jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_DOCUMENT}#/$defs/{name}"},
            validate_formats=True,
            retriever=_refuse,
            registry=self._registry,
            pattern_options=PATTERN_OPTIONS,
        )

    def compile_all(self) -> tuple[str, ...]:
        """Compile every schema and return what the validator said of those that do not compile."""
        problems = []
        for validator in self._by_content.values():
            try:
                validator.compiled()
            except ValueError as error:
                problems.append(str(error).splitlines()[0][:200])
        return tuple(problems)
