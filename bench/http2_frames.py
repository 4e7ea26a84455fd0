"""HTTP/2 written by hand, so that it can say what no library would.  RFC 9113 §4, §6; RFC 7541 §6.2.2."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
CANCEL = 8

_PREFIX_FULL = 127
_MORE = 128


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def _length(count: int) -> bytes:
    if count < _PREFIX_FULL:
        return bytes([count])
    rest, out = count - _PREFIX_FULL, bytearray([_PREFIX_FULL])
    while rest >= _MORE:
        out.append(rest % _MORE + _MORE)
        rest //= _MORE
    return bytes([*out, rest])


def fields(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Return field lines as literals without indexing and without Huffman."""
    return b"".join(b"\0" + _length(len(n)) + n + _length(len(v)) + v for n, v in pairs)


def get(authority: str, path: str, *more: tuple[bytes, bytes]) -> bytes:
    """Return the field lines of a GET."""
    known = {":method": "GET", ":scheme": "https", ":authority": authority, ":path": path}
    return fields([*((name.encode(), value.encode()) for name, value in known.items()), *more])
