"""The manual page of the policy file, written from the model's own descriptions."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from ringfence.policy.faults import FAULTS
from ringfence.policy.model import Policy


def manual() -> str:
    """Return `docs/policy.md`: every member of the policy file, then every fault of a document, as Markdown."""
    parts = [
        "# The policy file",
        "",
        "`ringfence.yaml` describes one installation. This page is the output of `ringfence schema --manual`;",
        "`ringfence schema` prints the same as JSON Schema for editors, `ringfence check` judges a file.",
        "A member that is not named here is refused. Relative paths start at the file's own directory.",
        "",
    ]
    for kind, where in _structs():
        parts += _section(kind, where)
    return "\n".join([*parts, *_faults()]) + "\n"


def _structs() -> Iterator[tuple[inspect.StructType, str]]:
    """Yield every struct once, with the place where it stands, parents first."""
    seen: set[type] = set()
    ahead: list[tuple[inspect.Type, str]] = [(inspect.type_info(Policy), "")]
    while ahead:
        kind, where = ahead.pop(0)
        kind, suffix = _inner(kind)
        if not isinstance(kind, inspect.StructType) or kind.cls in seen:
            continue
        seen.add(kind.cls)
        here = where + suffix
        yield kind, here
        ahead = [(field.type, f"{here}.{field.encode_name}".lstrip(".")) for field in kind.fields] + ahead


def _inner(kind: inspect.Type) -> tuple[inspect.Type, str]:
    """Return the type inside of annotations, optionals, lists and mappings, and how the place continues."""
    suffix = ""
    while True:
        match kind:
            case inspect.Metadata():
                kind = kind.type
            case inspect.UnionType():
                kind = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
            case inspect.VarTupleType():
                kind, suffix = kind.item_type, suffix + "[]"
            case inspect.DictType():
                kind, suffix = kind.value_type, suffix + ".<name>"
            case _:
                return kind, suffix


def _section(kind: inspect.StructType, where: str) -> list[str]:
    about = (kind.cls.__doc__ or "").strip()
    lines = [f"## `{where}`" if where else "## The file", "", about, ""]
    lines += ["| member | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field in kind.fields:
        meaning = describe(field.type).replace("|", "\\|")
        lines.append(f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} | {meaning} |")
    return [*lines, ""]


def describe(kind: inspect.Type) -> str:
    """Return what a field is for: its own description, or its type's."""
    while isinstance(kind, inspect.Metadata):
        if described := (kind.extra_json_schema or {}).get("description"):
            return str(described)
        kind = kind.type
    inner, _ = _inner(kind)
    return (inner.cls.__doc__ or "").strip() if isinstance(inner, inspect.StructType) else ""


def _type(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _type(kind.type)
        case inspect.UnionType():
            return " or ".join(_type(t) for t in kind.types if not isinstance(t, inspect.NoneType))
        case inspect.VarTupleType():
            return f"list of {_type(kind.item_type)}"
        case inspect.DictType():
            return f"mapping of names to {_type(kind.value_type)}"
        case inspect.LiteralType():
            return ", ".join(f"`{v}`" for v in kind.values)
        case inspect.IntType() | inspect.FloatType():
            return ("whole number" if isinstance(kind, inspect.IntType) else "number") + _range(kind)
        case inspect.BoolType():
            return "`true`, `false`"
        case inspect.StructType():
            return "mapping"
        case inspect.AnyType():
            return "anything"
        case _:
            return "text"


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    words = (("≥", kind.ge), (">", kind.gt), ("≤", kind.le), ("<", kind.lt))
    limits = [f"{word} {limit:,.10g}".replace(",", " ") for word, limit in words if limit is not None]
    return " " + ", ".join(limits) if limits else ""


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value: Any = field.default
    if value is None or isinstance(value, msgspec.Struct) or field.default_factory is not msgspec.NODEFAULT:
        return "—"
    if isinstance(value, tuple):
        return ", ".join(f"`{v}`" for v in value) or "—"
    text = str(value).lower() if isinstance(value, bool) else f"{value}"
    return f"`{text}`" if text else "empty"


def _faults() -> list[str]:
    lines = [
        "## Faults of a document",
        "",
        "What `ringfence check` may find in an OpenAPI document. A fault that can be tolerated needs a waiver under",
        "`apis[].versions[].waivers`; none is tolerated in silence, and none by letting a call through unchecked.",
        "",
        "| fault | meaning | tolerated with a waiver |",
        "| --- | --- | --- |",
    ]
    for name, kind in FAULTS.items():
        lines.append(f"| `{name}` | {kind.meaning} | {kind.tolerated or 'no: repair the document'} |")
    return lines
