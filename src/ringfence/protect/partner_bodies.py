"""Which members of a body are sealed, and where they go: dotted paths, `$` for all of it.  RFC 8259.

As Mastercard's `toEncrypt` and `toDecrypt` name them; Visa seals the whole body, or single members that begin with `enc`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from ringfence.problem import Refused
from ringfence.protect.partner_keys import NotOpened
from ringfence.strict_json import parse

ROOT: Final = "$"
MOST_LEVELS: Final = 64
"""Levels of a content that was opened."""


class NoSuchPlace(ValueError):
    """A path leads through something that is no object."""


def seal_members(
    body: dict[str, Any], paths: Mapping[str, str], member: str, sealing: Callable[[bytes], str]
) -> dict[str, Any]:
    """Return the body with the content at each path sealed into `member` at its target; what is absent stays absent.

    Args:
        body: the document; it is not changed.
        paths: from where to where, e.g. `{"card": "encryptedCard"}` or `{"$": "$"}`.
        member: `encryptedValue` or `encData`.
        sealing: makes a compact JWE.
    """
    result = copied(body)
    for path, target in paths.items():
        found, value = taken(result, path)
        if found:
            content = value if isinstance(value, str) else msgspec.json.encode(value)
            at(result, target)[member] = sealing(content.encode() if isinstance(content, str) else content)
    return result


def open_members(
    body: dict[str, Any], paths: Mapping[str, str], member: str, opening: Callable[[str], bytes]
) -> dict[str, Any]:
    """Return the body with what is sealed at each path put, in the clear, at its target.

    Raises:
        NotOpened: something is not sealed as it should be; nothing of the body is returned then.
    """
    result = copied(body)
    for path, target in paths.items():
        try:
            node = at(result, path, make=False)
        except NoSuchPlace:
            raise NotOpened("nothing is sealed where it should be") from None
        text = node.pop(member, None)
        if not isinstance(text, str):
            raise NotOpened("nothing is sealed where it should be")
        value = content_of_json(opening(text))
        if not node and path != ROOT:
            taken(result, path)
        put(result, target, value)
    return result


def content_of_json(content: bytes) -> Any:
    """Return a content as JSON with one meaning, or as the text that it is.  Raises NotOpened."""
    try:
        return parse(content, max_depth=MOST_LEVELS)
    except Refused:
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise NotOpened("the content is no text") from None


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where it belongs, beside what is there already.  Raises NotOpened where it is no object and should be."""
    if path == ROOT:
        if not isinstance(value, dict):
            raise NotOpened("the content is no object")
        tree.update(value)
        return
    parent, _, name = path.rpartition(".")
    node = at(tree, parent or ROOT)
    if isinstance(node.get(name), dict) and isinstance(value, dict):
        node[name].update(value)
    else:
        node[name] = value


def copied(body: dict[str, Any]) -> dict[str, Any]:
    """Return a document that can be changed."""
    copied: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return copied


def at(tree: dict[str, Any], path: str, *, make: bool = True) -> dict[str, Any]:
    """Return the object at a path, made on the way if it may be.  Raises NoSuchPlace."""
    node: Any = tree
    for name in [] if path == ROOT else path.split("."):
        if make:
            node.setdefault(name, {})
        node = node.get(name)
        if not isinstance(node, dict):
            raise NoSuchPlace(path)
    found: dict[str, Any] = node
    return found


def taken(tree: dict[str, Any], path: str) -> tuple[bool, Any]:
    """Take out what stands at a path; say whether something did."""
    if path == ROOT:
        value = dict(tree)
        tree.clear()
        return True, value
    parent, _, name = path.rpartition(".")
    try:
        node = at(tree, parent or ROOT, make=False)
    except NoSuchPlace:
        return False, None
    return (True, node.pop(name)) if name in node else (False, None)
