"""An API that does nothing but answer: what is left of a call's cost is ours.

Run as `python -m bench.upstream PORT`.
"""

import asyncio
import sys
from typing import cast

import httptools
import uvloop

BODY = b'{"Data":{"Account":[{"AccountId":"22289","Currency":"GBP","AccountType":"Personal"}]},"Meta":{"TotalPages":1}}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Answering(asyncio.Protocol):
    """Answers every request alike as soon as it has arrived whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's transports are no subclass of it
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer."""
        self._transport.write(ANSWER)


async def serve(port: int) -> None:
    """Listen on a port of this machine until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
