"""Types of authorization details: their schemas compiled, their sentences read.  RFC 9396 §2, §5."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.policy.faults import Faults
from ringfence.policy.linking_model import Linking
from ringfence.policy.members import require_linkable
from ringfence.policy.mistakes import Mistake, PolicyMistakes
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.policy.references import Broken, References
from ringfence.policy.schemas import Schemas
from ringfence.policy.validators import LazyValidator, Workshop
from ringfence.policy.yaml_source import MAX_FILE_BYTES, Source, read_yaml

TYPE: Final = "type"
"""The member that names an object's type; it needs no declaration."""

_BRACE: Final = re.compile(r"\{([^{}]*)\}|[{}]")
_MEMBER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*")

Words = tuple[str | tuple[str, ...], ...]
"""A sentence in pieces: text as it is, or the path of the member that stands there."""


class CompiledType(msgspec.Struct, frozen=True):
    """One type, ready to judge an object and to put it into words."""

    name: str
    validator: LazyValidator
    words: Words
    linking: Linking | None = None
    """Makes it a payment."""


class Resolved(msgspec.Struct, frozen=True):
    """A policy whose detail schemas all stand in itself."""

    policy: Policy
    files: tuple[Path, ...]
    digests: tuple[bytes, ...]
    """SHA-256 of each file's bytes."""
    mistakes: tuple[Mistake, ...]


def resolve(policy: Policy, where: Places, source: Source) -> Resolved:
    """Return the policy with schemas in place of the files that were named, and what is wrong with any of them."""
    types, files, digests, mistakes = {}, [], [], []
    for name, kind in policy.oauth.authorization_details.items():
        at = ("oauth", "authorization_details", name)
        found = kind
        try:
            if isinstance(kind.schema, str):
                file = where.file(kind.schema)
                raw = _read(file)
                files.append(file)
                digests.append(hashlib.sha256(raw).digest())
                found = msgspec.structs.replace(kind, schema=_mapping(read_yaml(raw, str(file), places=False).data))
            compile_type(name, found.schema, kind.sentence, kind.linking)
        except PolicyMistakes as wrong:
            mistakes += [source.mistake((*at, "schema"), "the schema's file cannot be used", "see its own mistakes")]
            mistakes += wrong.mistakes
        except ValueError as wrong:
            mistakes.append(source.mistake(at, f"`{name}`: {wrong}", "see `oauth.authorization_details` in the manual"))
        types[name] = found
    oauth = msgspec.structs.replace(policy.oauth, authorization_details=types)
    whole = msgspec.structs.replace(policy, oauth=oauth)
    return Resolved(whole, tuple(files), tuple(digests), tuple(mistakes))


def compile_types(policy: Policy) -> Mapping[str, CompiledType]:
    """Return every type of a policy that has been resolved.  Raises ValueError for one that cannot be used."""
    types = policy.oauth.authorization_details
    return {name: compile_type(name, kind.schema, kind.sentence, kind.linking) for name, kind in types.items()}


def compile_type(name: str, schema: Any, sentence: str, linking: Linking | None = None) -> CompiledType:
    """Return one type, compiled.

    Raises:
        ValueError: the schema does not compile or leaves its meaning open, the sentence names what it lacks, or
            `linking` a member that need not be there.
    """
    shape = {key: part for key, part in _mapping(schema).items() if key not in ("$schema", "$id")}
    properties = shape.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise ValueError("its schema declares no `properties`")
    shape["properties"] = properties | {TYPE: {"const": name}}
    shape["type"] = "object"
    words = read_sentence(sentence)
    for piece in words:
        if isinstance(piece, tuple) and piece[0] not in properties:
            raise ValueError(f"its sentence names `{piece[0]}`, which is not among the schema's `properties`")
    validator = _validator(shape)
    if linking is not None:
        require_linkable(shape, linking)
    return CompiledType(name, validator, words, linking)


def read_sentence(sentence: str) -> Words:
    """Return a sentence in pieces.  Raises ValueError where a brace is not one of a member's path."""
    pieces: list[str | tuple[str, ...]] = []
    end = 0
    for found in _BRACE.finditer(sentence):
        path = found[1] or ""
        if not _MEMBER.fullmatch(path):
            raise ValueError(f"its sentence has `{found[0]}`, which is not a member in braces")
        pieces += [sentence[end : found.start()], tuple(path.split("."))]
        end = found.end()
    pieces.append(sentence[end:])
    return tuple(piece for piece in pieces if piece)


def _validator(shape: dict[str, Any]) -> LazyValidator:
    """Return the schema, closed against members that it does not declare, as request bodies are."""
    faults, workshop = Faults(), Workshop()
    schemas = Schemas(References(shape, faults), faults, is_3_0=False)
    try:
        validator = workshop.validator(schemas.request(shape, ""))
    except Broken:
        validator = None
    for fault in faults.all():
        raise ValueError(f"its schema has a fault at {fault.at or 'its top'}: {fault.message}")
    if validator is None:
        raise ValueError("its schema's meaning is open")
    workshop.close(schemas.definitions)
    for problem in workshop.compile_all():
        raise ValueError(f"its schema does not compile: {problem}")
    return validator


def _mapping(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise ValueError("its schema is not a mapping")  # noqa: TRY004 - a file's content, not a caller's type
    return schema


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PolicyMistakes([Mistake(str(file), 0, 0, f"cannot be read: {error.strerror}", "name a file")]) from None
