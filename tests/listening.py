"""Collectors on loopback: real listeners, over TLS or not, that can be away and come back on the same port."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_tls(directory: Path, *, clients: bool = False) -> ssl.SSLContext:
    """A context with the certificate that `create_development_certificates` wrote; with `clients`, one is demanded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(directory / "ca.pem")
    return context


def until(condition: Callable[[], object], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


class SyslogListener:
    """Reads octet-counted frames (RFC 6587 §3.4.1); `messages` has them in the order in which they came."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.messages: list[str] = []
        self.connections: list[socket.socket] = []
        self.stalled = threading.Event()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.away()

    def away(self) -> None:
        """Go away at once: connections are reset, and nobody listens."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def reset(self) -> None:
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                connection.close()
        self.connections = []

    def texts(self) -> list[str]:
        """What stands after the header of each message."""
        return [message.split(" - ", 2)[2] for message in self.messages]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            waiting = b""
            while True:
                while self.stalled.is_set():
                    time.sleep(0.02)
                data = connection.recv(65_536)
                if not data:
                    return
                waiting += data
                while b" " in waiting:
                    length, _, rest = waiting.partition(b" ")
                    if len(rest) < int(length):
                        break
                    self.messages.append(rest[: int(length)].decode())
                    waiting = rest[int(length) :]
        except OSError:
            return


class HttpListener:
    """Takes POSTs; `status` says how each is answered, by its number and body."""

    def __init__(
        self,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        status: Callable[[int, bytes], int] = lambda _n, _body: 204,
        says: bytes = b"",
    ) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        """Of the posts that were answered with success."""
        self.tried = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.tried += 1
                answer = status(outer.tried, body)
                if answer // 100 == 2:
                    outer.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(answer)
                self.send_header("content-length", str(len(says)))
                self.end_headers()
                self.wfile.write(says)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def lines(self) -> list[str]:
        return [line for _, body in self.posts for line in body.decode().splitlines()]
