"""Hold a policy file against the model, and tell everything that does not fit, each with its place.

msgspec stops at its first error; an operator wants them all. So the model's types are walked here, and
`msgspec.convert` only builds the value once nothing is wrong.
"""

import operator
import re
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from ringfence.policy.mistakes import Mistake, PolicyMistakes, choose, nearest
from ringfence.policy.model import Policy
from ringfence.policy.yaml_source import Path, Source

T = TypeVar("T")
_LONGEST_SHOWN: Final = 40

MOVED: Final[dict[Path, str]] = {("intelligence", "step_up_acrs"): "watch.step_up_acr"}
"""Members that had another place once, and where they are now."""
_SCALARS: Final[dict[type, type]] = {inspect.StrType: str, inspect.IntType: int, inspect.BoolType: bool}


def read_policy(source: Source) -> Policy:
    """Return the policy in a file.

    Raises:
        PolicyMistakes: every member that is unknown, missing, of the wrong type or out of range.
    """
    return read_as(source, Policy)


def read_as(source: Source, model: type[T]) -> T:
    """Return what a file holds as the struct `model`.

    Raises:
        PolicyMistakes: every member that is unknown, missing, of the wrong type or out of range.
    """
    judge = _Judge(source)
    judge.value(inspect.type_info(model), source.data, ())
    if judge.mistakes:
        raise PolicyMistakes(judge.mistakes)
    try:
        return msgspec.convert(source.data, model)
    except msgspec.ValidationError as error:
        raise PolicyMistakes([source.mistake((), str(error))]) from None


class _Judge:
    """Walks values and types together."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []

    def tell(self, path: Path, message: str, instead: str = "", *, key: bool = False) -> None:
        self.mistakes.append(self.source.mistake(path, message, instead, key=key))

    def value(self, kind: inspect.Type, value: Any, path: Path, about: str = "") -> None:
        """Hold one value against its type; `about` is the field's description."""
        match kind:
            case inspect.Metadata():
                self.value(kind.type, value, path, str((kind.extra_json_schema or {}).get("description", about)))
            case inspect.UnionType():
                if value is not None:
                    kinds = [t for t in kind.types if not isinstance(t, inspect.NoneType)]
                    fitting = (
                        t
                        for t in kinds
                        if isinstance(t, inspect.DictType) == isinstance(value, dict)
                        and _SCALARS.get(type(t), type(value)) is type(value)
                    )
                    self.value(next(fitting, kinds[0]), value, path, about)
            case inspect.AnyType():
                pass  # a JSON Schema, which is judged where it is compiled
            case inspect.StructType():
                self.struct(kind, value, path, about)
            case inspect.DictType():
                self.mapping(kind, value, path, about)
            case inspect.VarTupleType():
                self.items(kind, value, path, about)
            case _:
                self.plain(kind, value, path, about)

    def plain(self, kind: inspect.Type, value: Any, path: Path, about: str) -> None:
        match kind:
            case inspect.LiteralType():
                if not any(value == v and type(value) is type(v) for v in kind.values):
                    self.tell(path, f"{_named(path)} is {_shown(value)}", _literal_instead(kind.values, value))
            case inspect.BoolType():
                if not isinstance(value, bool):
                    self.tell(path, f"{_named(path)} is {_shown(value)}", "write true or false")
            case inspect.StrType():
                self.text(kind, value, path, about)
            case inspect.IntType() | inspect.FloatType():
                self.number(kind, value, path, about)
            case _:
                raise NotImplementedError(f"the policy's model has a type that is not walked: {kind}")

    def struct(self, kind: inspect.StructType, value: Any, path: Path, about: str) -> None:
        if not isinstance(value, dict):
            self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, "write a mapping of members"))
            return
        fields = {field.encode_name: field for field in kind.fields}
        for name in value:
            if name not in fields:
                self.unknown(name, fields.keys() - value.keys(), set(fields), path)
        for name, field in fields.items():
            if name in value:
                self.value(field.type, value[name], (*path, name))
            elif field.required:
                self.tell(path, f"`{name}` is missing{_in(path)}", f"write `{name}:` — {_about(field.type)}")

    def unknown(self, name: Any, free: set[str], known: set[str], path: Path) -> None:
        if (moved := MOVED.get((*path, name))) is not None:
            self.tell((*path, name), f"`{name}`{_in(path)} is `{moved}` now", f"write it there: `{moved}`", key=True)
            return
        close = nearest(str(name), free) or nearest(str(name), known)
        instead = f"write `{close}`" if close else choose("", sorted(known))
        self.tell((*path, name), f"`{name}` is not known{_in(path)}", instead, key=True)

    def mapping(self, kind: inspect.DictType, value: Any, path: Path, about: str) -> None:
        if not isinstance(value, dict):
            self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, "write a mapping"))
            return
        for name, inner in value.items():
            if not isinstance(name, str):
                self.tell((*path, name), f"the key {_shown(name)} is not text", f'write `"{name}"`', key=True)
                continue
            pattern = _pattern(kind.key_type)
            if pattern and re.search(pattern, name) is None:
                self.tell((*path, name), f"`{name}` is not a name{_in(path)}", _about(kind.key_type), key=True)
            self.value(kind.value_type, inner, (*path, name))

    def items(self, kind: inspect.VarTupleType, value: Any, path: Path, about: str) -> None:
        if not isinstance(value, list):
            self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, "write a list, for example `[a, b]`"))
            return
        if kind.min_length and len(value) < kind.min_length:
            self.tell(path, f"{_named(path)} is empty", f"write at least {kind.min_length}")
        for index, inner in enumerate(value):
            self.value(kind.item_type, inner, (*path, index))

    def text(self, kind: inspect.StrType, value: Any, path: Path, about: str) -> None:
        if not isinstance(value, str):
            quoted = f'write it in quotes: "{value}"' if isinstance(value, int | float) else "write text"
            self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, quoted))
        elif kind.pattern and re.search(kind.pattern, value) is None:
            self.tell(path, f"{_named(path)} cannot be {_shown(value)}", about or f"it must match `{kind.pattern}`")
        elif kind.min_length and len(value) < kind.min_length:
            self.tell(path, f"{_named(path)} is too short", _with(about, f"at least {kind.min_length} characters"))
        elif kind.max_length and len(value) > kind.max_length:
            self.tell(path, f"{_named(path)} is too long", _with(about, f"at most {kind.max_length} characters"))

    def number(self, kind: inspect.IntType | inspect.FloatType, value: Any, path: Path, about: str) -> None:
        whole = isinstance(kind, inspect.IntType)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            wanted = "write a whole number" if whole else "write a number"
            self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, wanted))
            return
        for limit, words, compare in (
            (kind.ge, "at least", operator.ge),
            (kind.gt, "more than", operator.gt),
            (kind.le, "at most", operator.le),
            (kind.lt, "less than", operator.lt),
        ):
            if limit is not None and not compare(value, limit):
                self.tell(path, f"{_named(path)} is {_shown(value)}", _with(about, f"write {words} {limit:g}"))


def _pattern(kind: inspect.Type) -> str:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return (kind.pattern or "") if isinstance(kind, inspect.StrType) else ""


def _about(kind: inspect.Type) -> str:
    """Return what a field is for."""
    while isinstance(kind, inspect.Metadata):
        described = (kind.extra_json_schema or {}).get("description")
        if described:
            return str(described)
        kind = kind.type
    if isinstance(kind, inspect.StructType):
        return (kind.cls.__doc__ or "").strip().splitlines()[0]
    return "see `ringfence schema --manual`"


def _literal_instead(values: tuple[Any, ...], value: Any) -> str:
    for known in values:
        if str(known) == str(value):
            return f'write it in quotes: "{known}"' if isinstance(known, str) else f"write it without quotes: {known}"
    return choose(str(value), [str(v) for v in values])


def _named(path: Path) -> str:
    if not path:
        return "the file"
    return f"`{path[-1]}`" if isinstance(path[-1], str) else f"item {path[-1] + 1} of `{_holder(path)}`"


def _holder(path: Path) -> str:
    return next((str(p) for p in reversed(path) if isinstance(p, str)), "the file")


def _in(path: Path) -> str:
    return f" in `{_holder(path)}`" if path else ""


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'}`"


def _with(about: str, instead: str) -> str:
    return f"{instead} ({about.rstrip('.')})" if about else instead
