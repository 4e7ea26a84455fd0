"""Pictures as real encoders write them, and what is none."""

import base64
import struct

import pytest

from ringfence.clients.pictures import LARGEST_SIDE, NotAPicture, picture_type

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z"
)
LOSSY = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
LOSSLESS = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (LOSSY, "image/webp"), (LOSSLESS, "image/webp")],
)
def test_each_kind_is_known_by_what_it_holds(data: bytes, kind: str) -> None:
    assert picture_type(data) == kind


@pytest.mark.parametrize("data", [PNG, JPEG, LOSSY, LOSSLESS], ids=["png", "jpeg", "lossy", "lossless"])
def test_none_of_their_beginnings_is_trusted(data: bytes) -> None:
    for length in range(20):
        with pytest.raises(NotAPicture):
            picture_type(data[:length])


def png(width: int, height: int) -> bytes:
    return PNG[:16] + struct.pack(">II", width, height) + PNG[24:]


def extended_webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + size


def test_sizes() -> None:
    assert picture_type(png(LARGEST_SIDE, LARGEST_SIDE)) == "image/png"
    assert picture_type(extended_webp(LARGEST_SIDE, 1)) == "image/webp"
    for data in (png(LARGEST_SIDE + 1, 1), png(1, 60_000), png(0, 1), extended_webp(1, LARGEST_SIDE + 1)):
        with pytest.raises(NotAPicture, match="pixels"):
            picture_type(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a\x01\x00\x01\x00",
        b"BM" + b"\x00" * 40,
        b"RIFF\x00\x00\x00\x00WAVE" + b"\x00" * 40,
        b"RIFF\x00\x00\x00\x00WEBPXXXX" + b"\x00" * 40,
        b"\xff\xd8\xff\xe0\x00\x02" + b"\x00" * 40,
        b"\xff\xd8\xff\xe0\xff\xff" + b"\x00" * 40,
        b" " + PNG,
    ],
)
def test_what_is_none(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        picture_type(data)
