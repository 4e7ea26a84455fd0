"""One HTTP/2 request written by hand, and what came of it.  RFC 9113 §4, §6."""

import ssl

from bench.http2_frames import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RESET, SETTINGS, fields, frame


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
