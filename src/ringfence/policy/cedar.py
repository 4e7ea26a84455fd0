"""Read Cedar policies, hold them against the operations, and make them ready: parsed once, asked by every call."""

import re
from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.policy.cedar_schema import FACTS, NAMES, TYPES, action, cedar_schema
from ringfence.policy.cedar_text import Statement, broken_at, line_and_column, named_at, statements, words
from ringfence.policy.files import read_file
from ringfence.policy.mistakes import Mistake, choose
from ringfence.policy.model import Policy
from ringfence.policy.operations import Operation
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

AT: Final[At] = ("authorization", "cedar")

_OF_ACTION: Final = re.compile(r" (in context )?for Action::.*$", re.DOTALL)
_OF_POLICY: Final = re.compile(r"^for policy `[^`]*`, ")
_ID: Final = re.compile(r'@id\s*\(\s*"([A-Za-z0-9._-]{1,64})"\s*\)')
_NOWHERE: Final = "unable to find an applicable action"


class CedarFile(msgspec.Struct, frozen=True):
    """A file of policies."""

    path: Path
    text: str


class Cedar(msgspec.Struct, frozen=True):
    """Policies that calls can be decided by. The first four are what the engine made of them."""

    engine: Any
    policies: Any
    schema: Any
    entities: Any
    names: Mapping[str, str]
    """The `@id` of each policy by the engine's own name for it."""
    used: frozenset[str]
    """Parts of the context that a policy uses; nothing else is read out of a call."""
    shadow: bool = False
    files: tuple[CedarFile, ...] = ()


def read_cedar(policy: Policy, where: Places, source: Source) -> tuple[tuple[CedarFile, ...], list[Mistake]]:
    """Return the files that a policy names, in the order of their names, and what keeps them from being read."""
    if policy.authorization is None:
        return (), []
    place = where.file(policy.authorization.cedar)
    found: list[CedarFile] = []
    mistakes: list[Mistake] = []
    try:
        paths = sorted(place.glob("*.cedar")) if place.is_dir() else [place]
        found += [CedarFile(path, read_file(path).decode()) for path in paths]
    except OSError as error:
        why = f"{place} cannot be read: {error.strerror}"
        mistakes.append(source.mistake(AT, why, "name a `.cedar` file, or a directory of them"))
    except ValueError as error:
        mistakes.append(source.mistake(AT, f"{place} cannot be used: {error}", "write it in UTF-8"))
    else:
        if not any(statements(file.text) for file in found):
            instead = 'write `@id("…") permit(principal, action, resource);` to begin with'
            mistakes.append(source.mistake(AT, f"{place} has no policies: nobody would get through", instead))
    return tuple(found), mistakes


def compile_cedar(
    policy: Policy, files: tuple[CedarFile, ...], operations: tuple[Operation, ...], source: Source
) -> tuple[Cedar | None, list[Mistake]]:
    """Return the policies ready for use, or every mistake in them; nothing where the policy names none.

    Args:
        policy: `ringfence.yaml`.
        files: what it names.
        operations: all that partners can call.
        source: where mistakes about Cedar as a whole are told.
    """
    if policy.authorization is None:
        return None, []
    try:
        engine: Any = import_module("cedarpy")  # an extra: loaded where it is named
    except ImportError:
        instead = "install it with `pip install ringfence[cedar]`, or take `authorization` away"
        return None, [source.mistake(AT, "the package cedarpy is not installed", instead)]
    reader = _Reader(engine, files)
    if reader.mistakes:
        return None, reader.mistakes
    used = words(reader.text) & NAMES
    schema = engine.Schema.from_json_str(cedar_schema(operations, used))
    reader.validate(schema, [key for operation in operations for key in _actions(operation)])
    if "caller_country" in used and not policy.geo:
        why, instead = "a policy asks for the caller's country", "name a database under `geo`"
        reader.mistakes.append(source.mistake(AT, why, instead))
    if reader.mistakes:
        return None, reader.mistakes
    policies = engine.PolicySet.from_str(reader.text)
    entities = engine.Entities.from_json_str("[]", schema)
    shadow = policy.authorization.mode == "shadow"
    return Cedar(engine, policies, schema, entities, reader.names, used, shadow, files), []


def _actions(operation: Operation) -> Iterator[str]:
    yield operation.api
    yield f"{operation.api}/{operation.version}"
    yield action(operation)


class _Reader:
    """One run: the policies of all files as one text, and what is wrong with them."""

    def __init__(self, engine: Any, files: tuple[CedarFile, ...]) -> None:
        self.engine = engine
        self.mistakes: list[Mistake] = []
        self.placed: list[tuple[CedarFile, Statement]] = [(f, one) for f in files for one in statements(f.text)]
        self.text = "\n".join(one.text for _, one in self.placed)
        self.names: dict[str, str] = {}
        for index, (file, one) in enumerate(self.placed):
            if why := self._complaint(one.text):
                self.tell(file, one, broken_at(one.text, why, self._complaint), why, _instead(why, ()))
            else:
                self._name(file, one, f"policy{index}")

    def tell(self, file: CedarFile, one: Statement, at: int, message: str, instead: str) -> None:
        line, column = line_and_column(file.text, one.begins + at)
        self.mistakes.append(Mistake(str(file.path), line, column, message, instead))

    def validate(self, schema: Any, actions: Collection[str]) -> None:
        """Hold the policies against the schema."""
        told: dict[tuple[str, str], str] = {}
        for error in self.engine.validate_policies(self.text, schema).errors:
            message = _OF_POLICY.sub("", error.error)
            told.setdefault((error.policy_id, _OF_ACTION.sub("", message)), message)
        elsewhere = {key for key, message in told if not message.startswith(_NOWHERE)}
        for (key, _), message in told.items():
            if message.startswith(_NOWHERE) and key in elsewhere:
                continue
            file, one = self.placed[int(key.removeprefix("policy"))]
            self.tell(file, one, named_at(one.text, message), message, _instead(message, actions))

    def _complaint(self, text: str) -> str:
        try:
            self.engine.PolicySet.from_str(text)
        except ValueError as why:
            return str(why)
        return ""

    def _name(self, file: CedarFile, one: Statement, own: str) -> None:
        """Keep the policy's `@id`: events tell it."""
        if self.engine.PolicySet.from_str(one.text).templates():
            self.tell(file, one, named_at(one.text, "`?`"), "a template decides nothing", "write the policy out")
            return
        named = _ID.match(one.text)
        if named is None:
            instead = 'begin with `@id("payments-of-ours")`: letters, digits, `.`, `_`, `-`'
            self.tell(file, one, 0, "the policy has no id, and events could not tell which it was", instead)
        elif named[1] in self.names.values():
            self.tell(file, one, 0, f"two policies have the id `{named[1]}`", "write another id")
        else:
            self.names[own] = named[1]


def _instead(message: str, actions: Collection[str]) -> str:
    """Return what to write in place of what the engine complains of."""
    quoted = re.search(r"`((?:[^`])+)`", message)
    name = quoted[1] if quoted else ""
    if message.startswith("unrecognized action"):
        return choose(name, [f"Action::{msgspec.json.encode(one).decode()}" for one in dict.fromkeys(actions)])
    if message.startswith("unrecognized entity type"):
        return choose(name, TYPES)
    if message.startswith("attribute"):
        facts = FACTS[name][1] if name in FACTS else (name,) if name in NAMES else ()
        declare = f"declare {' and '.join(f'`{fact}`' for fact in facts)} under the operation's `facts`"
        return f"{declare}, or name the operation in `action`" if facts else choose(name, sorted(NAMES))
    if message.startswith("unable to guarantee safety"):
        return f"write `context has {name} && …` before it"
    if message.startswith(_NOWHERE):
        return 'write `principal is Client` or `User`, `resource == Api::"api/version"`, an `Action::` of an operation'
    if message.startswith("unexpected end of input"):
        return "end the policy with `;`"
    if message.startswith("invalid policy effect"):
        return "write `permit` or `forbid`"
    return "see https://docs.cedarpolicy.com/policies/syntax-policy.html"
