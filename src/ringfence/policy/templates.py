"""Path templates, segment by segment.  OpenAPI 3.1.1 §4.8.8; RFC 3986 §2.3, §6.2.2."""

import re
from typing import Final

import msgspec

_TEMPLATE: Final = re.compile(r"\{([^{}/?#]+)\}")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
MAX_NAMES_IN_SEGMENT: Final = 2
"""`/{a}-{b}`: with more, matching one segment would take more than linear time."""


class Segment(msgspec.Struct, frozen=True):
    """One segment of a template: a literal, a whole parameter, or a mix such as `{id}.json`."""

    literal: str
    """Normalised text; `""` where `names` is not empty (and for the last segment of `/a/`)."""
    names: tuple[str, ...] = ()
    pattern: str = ""
    """For a mix: a regular expression with one group a name. Empty: the whole segment is the parameter."""

    @property
    def shape(self) -> str:
        """What two segments that match the same texts have in common."""
        return _TEMPLATE.sub("{}", self.pattern) if self.pattern else "{}" if self.names else self.literal


class InvalidTemplate(ValueError):
    """A path template that cannot be matched; the message says why."""


def normalised(text: str) -> str:
    """Decode percent-encoded unreserved characters and write other escapes in upper case.  RFC 3986 §6.2.2.2."""
    if "%" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if character in _UNRESERVED else "%" + found[1].upper()

    return _ESCAPE.sub(one, text)


def read_template(template: str) -> tuple[Segment, ...]:
    """Return the segments of a path template.

    Raises:
        InvalidTemplate: no slash in front, a query or fragment, unbalanced braces, a name twice.
    """
    if not template.startswith("/"):
        raise InvalidTemplate("a path starts with `/`")
    bare = _TEMPLATE.sub("", template)
    if any(c in bare for c in "?#{}") or any(ord(c) <= 0x20 or ord(c) == 0x7F for c in bare):  # noqa: PLR2004 - C0 and DEL
        raise InvalidTemplate("a path has no query, no fragment, no spaces, and its braces are balanced")
    segments = tuple(_segment(text) for text in template[1:].split("/"))
    names = [name for segment in segments for name in segment.names]
    if len(set(names)) != len(names):
        raise InvalidTemplate("a parameter is named twice")
    if any(s.literal in {".", ".."} for s in segments) or any(not s.literal and not s.names for s in segments[:-1]):
        raise InvalidTemplate("a segment is empty or made of dots")
    return segments


def _segment(text: str) -> Segment:
    names = tuple(_TEMPLATE.findall(text))
    if not names:
        return Segment(normalised(text))
    if text == f"{{{names[0]}}}":
        return Segment("", names)
    if len(names) > MAX_NAMES_IN_SEGMENT:
        raise InvalidTemplate(f"more than {MAX_NAMES_IN_SEGMENT} parameters in one segment")
    pieces = _TEMPLATE.split(text)
    if len(names) > 1 and not all(pieces[2:-1:2]):
        raise InvalidTemplate("two parameters stand side by side")
    pattern = "".join("(.+?)" if index % 2 else re.escape(normalised(piece)) for index, piece in enumerate(pieces))
    return Segment("", names, pattern)


def overlap(a: tuple[Segment, ...], b: tuple[Segment, ...]) -> bool:
    """Say whether some path could match both templates."""
    return len(a) == len(b) and all(_touch(x, y) for x, y in zip(a, b, strict=True))


def _touch(a: Segment, b: Segment) -> bool:
    if a.names and b.names:
        return True
    if not a.names and not b.names:
        return a.literal == b.literal
    mixed, literal = (a, b.literal) if a.names else (b, a.literal)
    return bool(literal) and (not mixed.pattern or re.fullmatch(mixed.pattern, literal) is not None)
