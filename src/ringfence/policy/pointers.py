"""Name and find a place in a JSON document.  RFC 6901 §3; §6 for its form in a URI fragment."""

from typing import Any
from urllib.parse import unquote


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer of a path."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


def below(at: str, name: object) -> str:
    """Return the pointer of a member of what stands at `at`."""
    return at + pointer(str(name))


def parts_of(text: str) -> list[str]:
    """Return the reference tokens of a JSON pointer."""
    return [p.replace("~1", "/").replace("~0", "~") for p in text.split("/")[1:]]


def from_fragment(reference: str) -> str:
    """Return the JSON pointer of a local reference such as `#/components/schemas/A%20b`."""
    return unquote(reference[1:])


def find(document: Any, at: str) -> Any:
    """Return the value at a pointer.

    Raises:
        KeyError: nothing is there.
    """
    if at and not at.startswith("/"):
        raise KeyError(at)
    value = document
    for part in parts_of(at):
        if isinstance(value, dict):
            if part in value:
                value = value[part]
            elif part.isdigit() and int(part) in value:
                value = value[int(part)]
            else:
                raise KeyError(at)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(at)
    return value
