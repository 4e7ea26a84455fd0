"""A mail server on loopback that speaks SMTP over real TLS (RFC 5321, RFC 3207) and keeps what it takes."""

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import BinaryIO, Self


class MailServer:
    """Takes mail; `answers` has other answers than 250 by verb, `offers` what it says it can."""

    def __init__(
        self,
        tls: ssl.SSLContext | None,
        *,
        port: int = 0,
        implicit: bool = False,
        offers: tuple[str, ...] = ("STARTTLS", "AUTH PLAIN"),
        answers: Mapping[str, str] | None = None,
    ) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        """Sender, receivers and text of each mail."""
        self.logins: list[str] = []
        self.in_the_clear: list[str] = []
        """Verbs that came without TLS."""
        self.answers = dict(answers or {})
        self._tls, self._implicit, self._offers = tls, implicit, offers
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(text, policy=SMTP) for _, _, text in self.taken]  # type: ignore[arg-type,misc]  # policy SMTP makes EmailMessage

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._implicit:
                connection = self._secured(connection)
            connection.settimeout(30)
            connection.sendall(b"220 mail.example ESMTP\r\n")
            lines, sender, receivers = connection.makefile("rb"), "", list[str]()
            while line := lines.readline(4096):
                verb, _, rest = line.decode().strip().partition(" ")
                verb = verb.upper()
                if not isinstance(connection, ssl.SSLSocket):
                    self.in_the_clear.append(verb)
                if verb in self.answers:
                    connection.sendall(f"{self.answers[verb]}\r\n".encode())
                elif verb == "STARTTLS":
                    connection.sendall(b"220 go\r\n")
                    connection = self._secured(connection)
                    lines = connection.makefile("rb")
                elif verb == "DATA":
                    connection.sendall(b"354 go\r\n")
                    self.taken.append((sender, receivers, _text(lines)))
                    connection.sendall(b"250 taken\r\n")
                else:
                    if verb == "MAIL":
                        sender, receivers = rest.partition("<")[2].partition(">")[0], []
                    elif verb == "RCPT":
                        receivers.append(rest.partition("<")[2].partition(">")[0])
                    connection.sendall(self._said(verb, rest, isinstance(connection, ssl.SSLSocket)))

    def _secured(self, connection: socket.socket) -> ssl.SSLSocket:
        assert self._tls is not None
        return self._tls.wrap_socket(connection, server_side=True)

    def _said(self, verb: str, rest: str, safe: bool) -> bytes:
        if verb == "EHLO":
            told = ["mail.example", *(one for one in self._offers if not (safe and one == "STARTTLS"))]
            lines = [f"250{'-' if n < len(told) else ' '}{text}\r\n" for n, text in enumerate(told, 1)]
            return "".join(lines).encode()
        if verb == "AUTH":
            self.logins.append(base64.b64decode(rest.split()[1]).decode())
            return b"235 welcome\r\n"
        return b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n"


def _text(lines: BinaryIO) -> bytes:
    found = []
    while (line := lines.readline()) not in {b".\r\n", b""}:
        found.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return b"".join(found)
