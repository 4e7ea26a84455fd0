"""Find the operation of a call: a tree of path segments, one step a segment.  OpenAPI 3.1.1 §4.8.8.2.

The cost depends on the path's segments, not on how many operations there are. A path that two
readers could read differently is refused here too, whatever stood in front of us; so is a parameter
that the upstream's own router could take for the name of another operation (`/accounts/export;x`).
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from ringfence.policy.operations import Match, Operation
from ringfence.policy.templates import Segment, normalised, read_template
from ringfence.problem import Reason, Refused

MAX_SEGMENTS: Final = 64
MAX_PATH_CHARACTERS: Final = 8_192
"""What the edge takes at the most in a request line."""
MAX_MIXED_CHARACTERS: Final = 256
"""Longest segment compared with a mix such as `{a}-{b}.json`, whose cost may grow with the square."""

_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_~@:!$&'()*+,=-][A-Za-z0-9._~@:!$&'()*+,=-]*)+")
"""A path whose every segment is harmless at first sight: the way of nearly every call."""
_SEGMENT: Final = re.compile(r"(?:[A-Za-z0-9._~@:!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_CUT: Final = re.compile(r"[;?#]")
_ESCAPED_AGAIN: Final = re.compile(rb"%[0-9A-Fa-f]{2}")


class Conflict(ValueError):
    """Two operations would match the same calls; the message names the first."""


class _Node:
    """A place in the tree."""

    __slots__ = ("literals", "methods", "mixes", "parameter", "readings")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.readings: set[str] = set()
        """The literals as a lenient server would compare them."""
        self.mixes: list[tuple[str, re.Pattern[str], _Node]] = []
        self.parameter: _Node | None = None
        self.methods: dict[str, tuple[Operation | None, str, tuple[str, ...], int]] = {}
        """Operation (None: there, but not exposed), template, parameter names, segments of `base_path`."""

    def child(self, segment: Segment) -> "_Node":
        """Return the node below, made where it is missing."""
        if not segment.names:
            self.readings.add(lenient_readings(segment.literal)[0])
            return self.literals.setdefault(segment.literal, _Node())
        if not segment.pattern:
            self.parameter = self.parameter or _Node()
            return self.parameter
        for pattern, _, node in self.mixes:
            if pattern == segment.pattern:
                return node
        node = _Node()
        self.mixes.append((segment.pattern, re.compile(segment.pattern), node))
        self.mixes.sort(key=lambda m: -len(m[0]))
        return node


class RouteTable:
    """All operations of a policy, by method and path."""

    def __init__(self) -> None:
        """Start empty."""
        self._root = _Node()
        self._operations: list[Operation] = []
        self._hidden: list[tuple[str, str]] = []
        self._matrix = False
        """Whether any operation has a parameter of the style matrix, which a path otherwise must not look like."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All exposed operations, in the order in which they were added."""
        return tuple(self._operations)

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """Method and template of the operations that are there but not exposed."""
        return tuple(self._hidden)

    def add(self, operation: Operation, base_path: str) -> None:
        """Take an operation.

        Raises:
            Conflict: another one has its method and shape of path.
        """
        self._place(operation.method, operation.template, base_path, operation)
        self._operations.append(operation)
        self._matrix |= any(p.style == "matrix" for p in operation.parameters)

    def hide(self, method: str, template: str, base_path: str) -> None:
        """Take an operation that is there but not exposed.  Raises Conflict as `add`."""
        self._place(method, template, base_path, None)
        self._hidden.append((method, template))

    def _place(self, method: str, template: str, base_path: str, operation: Operation | None) -> None:
        segments = read_template(template)
        node = self._root
        for segment in segments:
            node = node.child(segment)
        if method in node.methods:
            raise Conflict(f"{method} {node.methods[method][1]}")
        names = tuple(name for segment in segments for name in segment.names)
        node.methods[method] = (operation, template, names, base_path.count("/"))

    def match(self, method: str, path: str) -> Match:
        """Return the operation of a call, a literal segment before a template.

        Raises:
            Refused: UNSAFE_PATH, UNKNOWN_PATH, NOT_EXPOSED, or METHOD_NOT_ALLOWED with an `allow` header.
        """
        if len(path) > MAX_PATH_CHARACTERS:
            raise Refused(Reason.UNSAFE_PATH, "the path is too long")
        segments = path[1:].split("/") if _PLAIN.fullmatch(path) else _checked(path, matrix=self._matrix)
        if len(segments) > MAX_SEGMENTS:
            raise Refused(Reason.UNKNOWN_PATH)
        values: list[str] = []
        node = _walk(self._root, segments, 0, values)
        if node is None:
            raise Refused(Reason.UNKNOWN_PATH)
        found = node.methods.get(method)
        if found is None:
            allow = ", ".join(sorted(m for m, entry in node.methods.items() if entry[0] is not None))
            if not allow:
                raise Refused(Reason.UNKNOWN_PATH)
            raise Refused(Reason.METHOD_NOT_ALLOWED, headers=(("allow", allow),))
        operation, _, names, base = found
        if operation is None:
            raise Refused(Reason.NOT_EXPOSED)
        if self._matrix:
            _check_matrix(operation, dict(zip(names, values, strict=True)), segments)
        return Match(operation, dict(zip(names, values, strict=True)), "/" + "/".join(segments[base:]))


def _walk(node: _Node, segments: list[str], index: int, values: list[str]) -> _Node | None:
    if index == len(segments):
        return node if node.methods else None
    text = segments[index]
    below = node.literals.get(text)
    if below is not None and (end := _walk(below, segments, index + 1, values)) is not None:
        return end
    if not text or not (node.mixes or node.parameter):
        return None
    if node.literals and below is None and not node.readings.isdisjoint(lenient_readings(text)):
        raise Refused(Reason.UNSAFE_PATH, "a parameter in the path could be read as the name of another operation")
    for _, pattern, mixed in node.mixes:
        if len(text) <= MAX_MIXED_CHARACTERS and (found := pattern.fullmatch(text)) is not None:
            values.extend(found.groups())
            if (end := _walk(mixed, segments, index + 1, values)) is not None:
                return end
            del values[len(values) - len(found.groups()) :]
    if node.parameter is not None:
        values.append(text)
        if (end := _walk(node.parameter, segments, index + 1, values)) is not None:
            return end
        values.pop()
    return None


def lenient_readings(segment: str) -> tuple[str, str]:
    """Return what a lenient server may take a segment for: the whole of it, and it without what looks like an extension.

    Servers are known to cut path parameters (`;x`) and what decodes to `?` or `#`, to ignore case, dots and
    spaces at the ends, invisible characters and the width of letters, and to split off `.json`.
    """
    if not segment.isalnum() or not segment.isascii():
        plain = unicodedata.normalize("NFKC", unquote(segment))
        visible = "".join(c for c in plain if unicodedata.category(c) != "Cf")
        segment = _CUT.split(visible, maxsplit=1)[0].strip(". \t\xa0")
    whole = segment.casefold()
    return whole, whole.partition(".")[0]


def _check_matrix(operation: Operation, values: dict[str, str], segments: list[str]) -> None:
    """Refuse a segment that is all path parameters, unless it is the value of a parameter that is declared so."""
    taken = {values[p.name] for p in operation.parameters if p.style == "matrix" and p.location == "path"}
    if any(segment.startswith(";") and segment not in taken for segment in segments):
        raise Refused(Reason.UNSAFE_PATH, "the path has a dot segment")


def _checked(path: str, *, matrix: bool) -> list[str]:
    """Return a path's normalised segments."""
    if not path.startswith("/"):
        raise Refused(Reason.UNSAFE_PATH, "the path does not start with a slash")
    segments = path[1:].split("/")
    for index, segment in enumerate(segments):
        _check_segment(segment, last=index == len(segments) - 1, matrix=matrix)
    return [normalised(segment) for segment in segments]


def _check_segment(segment: str, *, last: bool, matrix: bool) -> None:
    if not segment:
        if not last:
            raise Refused(Reason.UNSAFE_PATH, "the path has an empty segment")
        return
    if _SEGMENT.fullmatch(segment) is None:
        raise Refused(Reason.UNSAFE_PATH, "the path has a character that must be percent-encoded, or half an escape")
    plain = unquote_to_bytes(segment)
    name = plain.partition(b";")[0]
    if name in {b".", b".."} or (not name and not matrix):
        raise Refused(Reason.UNSAFE_PATH, "the path has a dot segment")
    if any(byte < 0x20 or byte == 0x7F for byte in plain) or b"/" in plain or b"\\" in plain:  # noqa: PLR2004 - C0, DEL
        raise Refused(Reason.UNSAFE_PATH, "the path has an encoded slash, backslash or control character")
    if _ESCAPED_AGAIN.search(plain):
        raise Refused(Reason.UNSAFE_PATH, "the path is percent-encoded twice")
    try:
        plain.decode()
    except UnicodeDecodeError:
        raise Refused(Reason.UNSAFE_PATH, "the path is not UTF-8") from None
