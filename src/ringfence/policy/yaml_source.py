"""YAML with the place of every value: parsed once, bounded, and without YAML 1.1's surprises.  YAML 1.2.2 §10.3.2.

Events of libyaml are put together here rather than by PyYAML's constructors, because those take the
last of two equal keys in silence, read `no` as false and dates as objects, and follow aliases
without counting.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import yaml

from ringfence.policy.mistakes import Mistake, PolicyMistakes

MAX_DEPTH: Final = 100
"""Deepest nesting taken. The deepest public document that we know has 40 levels."""
MAX_VALUES: Final = 2_000_000
"""Values in one file with aliases counted as often as they are used. Stripe's document has 200,000."""
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
"""Largest file read. Stripe's document has 2.5 MB."""

Path = tuple[str | int, ...]

_NULL: Final = {"", "~", "null", "Null", "NULL"}
_BOOL: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT: Final = re.compile(r"[-+]?[0-9]{1,32}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_STR_TAG: Final = "tag:yaml.org,2002:str"
_PLAIN_TAGS: Final = {
    None,
    "!",
    _STR_TAG,
    *(f"tag:yaml.org,2002:{t}" for t in ("int", "float", "bool", "null", "map", "seq")),
}


class Mark(msgspec.Struct, frozen=True):
    """A place in a file; both count from 1."""

    line: int
    column: int


class Source(msgspec.Struct, frozen=True):
    """A file's content and where each part of it stands."""

    file: str
    data: Any
    values: Mapping[Path, Mark]
    keys: Mapping[Path, Mark]

    def at(self, path: Path, *, key: bool = False) -> Mark:
        """Return the place of a value (or of its key); of its nearest parent where it stands nowhere itself."""
        for marks in (self.keys, self.values) if key else (self.values,):
            if path in marks:
                return marks[path]
        while path:
            path = path[:-1]
            if path in self.values:
                return self.values[path]
        return Mark(1, 1)

    def mistake(self, path: Path, message: str, instead: str = "", *, key: bool = False) -> Mistake:
        """Return a mistake at a path of this file."""
        mark = self.at(path, key=key)
        return Mistake(self.file, mark.line, mark.column, message, instead)


class _Frame:
    """A mapping or sequence that is still open."""

    __slots__ = ("anchor", "container", "key", "path", "waits")

    def __init__(self, container: dict[Any, Any] | list[Any], path: Path, anchor: str | None) -> None:
        self.container = container
        self.path = path
        self.anchor = anchor
        self.key: Any = None
        self.waits = isinstance(container, dict)
        """A key comes next."""


class _Builder:
    """Puts events together."""

    def __init__(self, file: str, *, places: bool) -> None:
        self.file = file
        self.places = places
        self.values: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.mistakes: list[Mistake] = []
        self.frames: list[_Frame] = []
        self.count = 0
        self.starts: list[int] = []
        self.root: Any = None
        self.documents = 0

    def take(self, event: Any) -> None:
        """Take the next event."""
        match event:
            case yaml.ScalarEvent():
                self.scalar(event)
            case yaml.MappingStartEvent():
                self.open(event, {})
            case yaml.SequenceStartEvent():
                self.open(event, [])
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.close()
            case yaml.AliasEvent():
                self.alias(event)
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise self.stop(event, "the file holds more than one document", "keep one")
            case _:
                pass

    def stop(self, event: Any, message: str, instead: str = "") -> PolicyMistakes:
        mark = event.start_mark
        return PolicyMistakes([*self.mistakes, Mistake(self.file, mark.line + 1, mark.column + 1, message, instead)])

    def counted(self, event: Any, more: int) -> None:
        self.count += more
        if self.count > MAX_VALUES:
            raise self.stop(event, "the file unfolds to too many values", "write less, or use fewer aliases")

    def next_path(self) -> Path:
        if not self.places or not self.frames:
            return ()
        frame = self.frames[-1]
        return (*frame.path, frame.key if isinstance(frame.container, dict) else len(frame.container))

    def place(self, event: Any, value: Any, path: Path) -> None:
        """Put a finished or opened value where it belongs."""
        if not self.frames:
            self.root = value
        else:
            frame = self.frames[-1]
            if isinstance(frame.container, list):
                frame.container.append(value)
            elif frame.waits:
                self.key(event, frame, value)
                return
            else:
                frame.container[frame.key] = value
                frame.waits = True
        if self.places:
            self.values[path] = Mark(event.start_mark.line + 1, event.start_mark.column + 1)

    def key(self, event: Any, frame: _Frame, value: Any) -> None:
        if isinstance(value, dict | list):
            raise self.stop(event, "a key must be a plain word")
        assert isinstance(frame.container, dict)
        if value in frame.container:
            mark = event.start_mark
            self.mistakes.append(
                Mistake(
                    self.file,
                    mark.line + 1,
                    mark.column + 1,
                    f"`{value}` stands twice in one mapping",
                    "keep one of the two",
                )
            )
        frame.key = value
        frame.waits = False
        if self.places:
            self.keys[(*frame.path, value)] = Mark(event.start_mark.line + 1, event.start_mark.column + 1)

    def scalar(self, event: Any) -> None:
        if event.tag not in _PLAIN_TAGS:
            raise self.stop(event, f"the tag `{event.tag}` is not taken", "write the value without a tag")
        self.counted(event, 1)
        value = event.value
        if event.tag != _STR_TAG and (event.implicit[0] or event.tag not in {None, "!"}):
            value = resolve(value)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self.place(event, value, self.next_path())

    def open(self, event: Any, container: dict[Any, Any] | list[Any]) -> None:
        if event.tag not in _PLAIN_TAGS:
            raise self.stop(event, f"the tag `{event.tag}` is not taken", "write the value without a tag")
        if len(self.frames) >= MAX_DEPTH:
            raise self.stop(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.frames and isinstance(self.frames[-1].container, dict) and self.frames[-1].waits:
            raise self.stop(event, "a key must be a plain word")
        self.counted(event, 1)
        path = self.next_path()
        self.place(event, container, path)
        self.frames.append(_Frame(container, path, event.anchor))
        self.starts.append(self.count - 1)

    def close(self) -> None:
        frame = self.frames.pop()
        start = self.starts.pop()
        if frame.anchor:
            self.anchors[frame.anchor] = (frame.container, self.count - start)

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise self.stop(event, f"`*{event.anchor}` refers to nothing that is complete before it")
        value, size = self.anchors[event.anchor]
        self.counted(event, size)
        self.place(event, value, self.next_path())


def resolve(text: str) -> Any:
    """Return what a plain scalar means in YAML's core schema."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def read_yaml(raw: bytes, file: str, *, places: bool = True) -> Source:
    """Return a YAML file's content; without the places of its parts where they are not wanted (three times as fast).

    Raises:
        PolicyMistakes: not YAML, a key twice, too deep, too large, or more than one document.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise PolicyMistakes([Mistake(file, 0, 0, f"larger than {MAX_FILE_BYTES} bytes")])
    builder = _Builder(file, places=places)
    try:
        for event in yaml.parse(raw, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise PolicyMistakes([*builder.mistakes, _not_yaml(error, file)]) from None
    if builder.mistakes:
        raise PolicyMistakes(builder.mistakes)
    return Source(file, builder.root, builder.values, builder.keys)


def _not_yaml(error: yaml.YAMLError, file: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    if mark is None:
        return Mistake(file, 1, 1, f"not YAML: {problem}")
    return Mistake(file, mark.line + 1, mark.column + 1, f"not YAML: {problem}")
