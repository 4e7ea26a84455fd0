"""Read an OpenAPI document, YAML or JSON, as plain values.  OpenAPI 3.1.1 §4.4."""

import hashlib
import json
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from ringfence.policy.mistakes import Mistake, PolicyMistakes
from ringfence.policy.yaml_source import MAX_DEPTH, MAX_FILE_BYTES, read_yaml


class Document(msgspec.Struct, frozen=True):
    """A document that is OpenAPI 3.0 or 3.1 by its own word; nothing else about it is checked yet."""

    file: str
    data: dict[str, Any]
    sha256: str
    """Of the file's bytes, in hex."""

    @property
    def is_3_0(self) -> bool:
        """The dialect: 3.0 has `nullable`, and ignores what stands beside a `$ref`."""
        return str(self.data["openapi"]).startswith("3.0")


def load_document(path: Path) -> Document:
    """Return the document in a file.

    Raises:
        PolicyMistakes: it cannot be read, is not YAML or JSON, or not OpenAPI 3.0 or 3.1.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PolicyMistakes([Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from None
    return parse_document(raw, str(path))


def parse_document(raw: bytes, file: str) -> Document:
    """Return the document in these bytes.

    Raises:
        PolicyMistakes: as `load_document`.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise PolicyMistakes([Mistake(file, 0, 0, f"larger than {MAX_FILE_BYTES} bytes")])
    is_json = raw.lstrip()[:1] == b"{"
    data = _json(raw, file) if is_json else read_yaml(raw, file, places=False).data
    _bounded(data, file)
    version = data.get("openapi") if isinstance(data, dict) else None
    if not isinstance(version, str) or not version.startswith(("3.0.", "3.1.")):
        found = f"`openapi` is {version!r}" if version is not None else "there is no member `openapi`"
        raise PolicyMistakes([Mistake(file, 0, 0, f"not an OpenAPI 3.0 or 3.1 document: {found}")])
    if not isinstance(data.get("paths", {}), dict):
        raise PolicyMistakes([Mistake(file, 0, 0, "`paths` is not a mapping")])
    return Document(file, data, hashlib.sha256(raw).hexdigest())


def _json(raw: bytes, file: str) -> Any:
    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(members)
        if len(result) != len(members):
            names = [name for name, _ in members]
            twice = next(n for n in names if names.count(n) > 1)
            raise PolicyMistakes([Mistake(file, 0, 0, f"`{twice}` stands twice in one object", "keep one of the two")])
        return result

    def constant(name: str) -> NoReturn:
        raise PolicyMistakes([Mistake(file, 0, 0, f"`{name}` is not JSON")])

    try:
        data = json.loads(raw, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise PolicyMistakes([Mistake(file, error.lineno, error.colno, f"not JSON: {error.msg}")]) from None
    except RecursionError:  # the parser's own limit, which comes first in some versions of Python
        raise PolicyMistakes([_too_deep(file)]) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise PolicyMistakes([Mistake(file, 0, 0, f"not JSON that can be read: {type(error).__name__}")]) from None
    return data


def _bounded(data: Any, file: str) -> None:
    """Return if no level is too deep, and every text is text: JSON can escape half a surrogate pair."""
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        for value in level:
            if isinstance(value, str) and not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
                raise PolicyMistakes([Mistake(file, 0, 0, f"not Unicode: {value[:40]!a}")])
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in ((*value.values(), *value.keys()) if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise PolicyMistakes([_too_deep(file)])


def _too_deep(file: str) -> Mistake:
    return Mistake(file, 0, 0, f"nested deeper than {MAX_DEPTH} levels")
