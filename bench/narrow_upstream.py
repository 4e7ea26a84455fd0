"""An API that does so many calls at once, each so long; all others wait inside it, however many, as most servers let them.

Run as `python -m bench.narrow_upstream PORT AT_ONCE SECONDS`. It sleeps instead of working, so that its limit is not
this machine's.
"""

import asyncio
import sys
from collections import deque
from typing import cast

import httptools
import uvloop

from bench.upstream import ANSWER


class Inside:
    """The calls that have arrived: first come, first served."""

    def __init__(self, at_once: int, seconds: float) -> None:
        """Begin empty."""
        self._free, self._seconds = at_once, seconds
        self._waiting: deque[Answering] = deque()

    def come(self, call: "Answering") -> None:
        """Take a call. Whoever sent it and has gone is served all the same."""
        self._waiting.append(call)
        self._serve()

    def _serve(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            asyncio.get_running_loop().call_later(self._seconds, self._done, self._waiting.popleft())

    def _done(self, call: "Answering") -> None:
        self._free += 1
        call.answer()
        self._serve()


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, inside: Inside) -> None:
        """Wait for the transport."""
        self._inside = inside

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's transports are no subclass of it
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Have the call served."""
        self._inside.come(self)

    def answer(self) -> None:
        """Answer, if somebody is still there."""
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve(port: int, at_once: int, seconds: float) -> None:
    """Listen on a port of this machine until the process is ended."""
    inside = Inside(at_once, seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Answering(inside), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
