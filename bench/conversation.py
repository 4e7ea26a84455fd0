"""A conversation over one TLS connection: a request, its whole answer, the next request that depends on it."""

import asyncio
import ssl
from typing import Self

import httptools


class Answer:
    """What came back."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field; of several of one name the last."""
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, data: bytes) -> None:
        """Keep a piece."""
        self.body += data

    def on_message_complete(self) -> None:
        """Note the end."""
        self.whole = True


class Conversation:
    """One connection to the edge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take an open connection."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of this machine; the certificate is the bench's own and is not looked at."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost"))

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer.  Raises RuntimeError when the connection ends before."""
        self._writer.write(request)
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.whole:
            data = await self._reader.read(65_536)
            if not data:
                raise RuntimeError("the server ended the connection")
            parser.feed_data(data)
        answer.status = parser.get_status_code()
        return answer

    def close(self) -> None:
        """End it."""
        self._writer.close()
