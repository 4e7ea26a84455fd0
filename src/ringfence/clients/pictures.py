"""Know a picture by its first bytes and its size; nothing that could hold a script is one.  RFC 2083 §11.2.1; RFC 9649 §2.

The media type that a server names does not count, and SVG is no picture here.
"""

import struct
from typing import Final

LARGEST_SIDE: Final = 1024
"""In pixels: a small file can otherwise unpack to what no browser holds."""

_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_PNG_SIZE: Final = slice(16, 24)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that begin a frame, and so tell its size (ITU-T T.81 table B.1)."""
_WEBP_HEADER: Final = 30


class NotAPicture(Exception):
    """It is no PNG, JPEG or WebP of a fitting size."""


def picture_type(data: bytes) -> str:
    """Return the media type of a picture.  Raises NotAPicture."""
    try:
        if data.startswith(_PNG):
            kind, (width, height) = "image/png", struct.unpack(">II", data[_PNG_SIZE])
        elif data.startswith(b"\xff\xd8\xff"):
            kind, (width, height) = "image/jpeg", _jpeg_size(data)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            kind, (width, height) = "image/webp", _webp_size(data)
        else:
            raise NotAPicture("it is no PNG, JPEG or WebP")
    except (struct.error, IndexError):
        raise NotAPicture("it ends within its first part") from None
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise NotAPicture(f"it is not 1 to {LARGEST_SIDE} pixels wide and high")
    return kind


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        if data[at] != 0xFF:  # noqa: PLR2004 - begins each marker
            raise NotAPicture("its segments do not follow one another")
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        at += 2 + length


def _webp_size(data: bytes) -> tuple[int, int]:
    if len(data) < _WEBP_HEADER:
        raise NotAPicture("it ends within its first part")
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case _:
            raise NotAPicture("its first part is unknown")
