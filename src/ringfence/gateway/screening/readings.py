"""How a text may be read by what stands behind us: percent-encoding, entities, escapes, widths and comments undone."""

import html
import re
import unicodedata
from typing import Final
from urllib.parse import unquote

MOST_LAYERS: Final = 3
"""Encodings on top of each other that are undone: what is deeper no server undoes by itself."""

BETWEEN: Final = "\n\ue000\n"
"""Stands between texts that are read together: a character that no pattern knows, on a line of its own."""

_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY: Final = re.compile(r"&(?:#|[A-Za-z]{2,8})")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2}))|%u([0-9A-Fa-f]{4})")
_RUN_COMMENT: Final = re.compile(r"/\*!\d{0,6}(.*?)\*/", re.DOTALL)
"""MySQL runs what stands in these."""
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_SHELL: Final = re.compile(
    r"(?<=[\w/])(?:['\"]{2}|\\(?=[a-zA-Z])|\$@|\^)(?=[\w/])|(?<=[a-zA-Z/])['\"](?=[a-zA-Z]['\"]?[a-zA-Z]*['\"])"
)
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


def readings(text: str) -> tuple[str, ...]:
    """Return the text as it came, if anything in it is encoded also as it may be read, each once."""
    plain = _undone(text)
    found = [text] if plain == text else [text, plain]
    if "/*" in plain:
        run = _RUN_COMMENT.sub(r" \1 ", plain)
        found += [_COMMENT.sub(" ", run), _COMMENT.sub("", run)]
    if any(mark in plain for mark in ("''", '""', "\\", "$@", "^", "'")) and (bare := _SHELL.sub("", plain)) != plain:
        found.append(bare)
    return tuple(found)


def _undone(text: str) -> str:
    for _ in range(MOST_LAYERS):
        before = text
        if "%" in text and _PERCENT.search(text):
            text = unquote(text, errors="replace")
        if "&" in text and _ENTITY.search(text):
            text = html.unescape(text)
        if ("\\" in text or "%u" in text) and _ESCAPE.search(text):
            text = _ESCAPE.sub(_character, text)
        if text == before:
            break
    # what stands between texts has no other form
    if not text.isascii() and not text.replace(BETWEEN, "").isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return text


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3] or found[4], 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else found[0]  # noqa: PLR2004 - Unicode
