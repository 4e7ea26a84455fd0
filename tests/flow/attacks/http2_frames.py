"""HTTP/2 written by hand, so that it can say what no library would.  RFC 9113 §4, §6; RFC 7541 §6.2.2."""

import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def _length(count: int) -> bytes:
    if count < 127:
        return bytes([count])
    rest, out = count - 127, bytearray([127])
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes([*out, rest])


def fields(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Field lines as literals without indexing and without Huffman."""
    return b"".join(b"\0" + _length(len(n)) + n + _length(len(v)) + v for n, v in pairs)


def call(peer: ssl.SSLSocket, pairs: list[tuple[bytes, bytes]], body: bytes | None = None) -> str:
    """Send one request and return what came of its stream: `answered`, `reset`, `goaway` or `closed`."""
    flags = END_HEADERS | (END_STREAM if body is None else 0)
    data = PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, flags, 1, fields(pairs))
    if body is not None:
        data += frame(DATA, END_STREAM, 1, body)
    held = b""
    try:
        peer.sendall(data)
        while True:
            while len(held) < 9 or len(held) < 9 + int.from_bytes(held[:3], "big"):
                piece = peer.recv(65536)
                if not piece:
                    return "closed"
                held += piece
            size, kind = int.from_bytes(held[:3], "big"), held[3]
            stream = int.from_bytes(held[5:9], "big")
            held = held[9 + size :]
            if kind == RESET and stream == 1:
                return "reset"
            if kind == GOAWAY:
                return "goaway"
            if kind == HEADERS and stream == 1:
                return "answered"
    except (TimeoutError, ConnectionError, ssl.SSLError):
        return "closed"
