"""A load generator that has client certificates: `python -m bench.client PORT FILE SECONDS [CERTIFICATE KEY]`.

Where a path stands for the port, it sends to that unix socket in plain.
"""

import asyncio
import functools
import ssl
import sys
import time
from pathlib import Path
from typing import cast

import httptools
import msgspec
import uvloop

from bench.load import CONNECTIONS, Load

LEAST_REFUSED = 400


class Sender(asyncio.Protocol):
    """One connection: sends a request when the answer to the one before has come."""

    def __init__(self, requests: list[bytes], first: int, until: float, over: "asyncio.Future[None]") -> None:
        """Begin with request `first` and stop at `until` on the loop's clock."""
        self._requests, self._next, self._until, self._over = requests, first, until, over
        self.took: list[float] = []
        self.refused = 0
        self.broken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are no subclass of it
        self._send()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += CONNECTIONS

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Count the answer and send the next."""
        now = time.perf_counter()
        self.took.append(now - self._began)
        self.refused += self._parser.get_status_code() >= LEAST_REFUSED
        if now < self._until:
            self._send()
        elif not self._over.done():
            self._over.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection that ended while an answer was due."""
        del exc
        if not self._over.done():
            self.broken += 1
            self._over.set_result(None)


def _the(sender: Sender) -> Sender:
    return sender


async def run(port: str, requests: list[bytes], seconds: float, context: ssl.SSLContext) -> Load:
    """Send and report."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    senders, ends = [], []
    for number in range(CONNECTIONS):
        over: asyncio.Future[None] = loop.create_future()
        sender = Sender(requests, number, began + seconds, over)
        make = functools.partial(_the, sender)
        if port.isdigit():
            await loop.create_connection(make, "127.0.0.1", int(port), ssl=context, server_hostname="localhost")
        else:
            await loop.create_unix_connection(make, port)
        senders.append(sender)
        ends.append(over)
    await asyncio.gather(*ends)
    took = sorted(one for sender in senders for one in sender.took)
    return Load(
        calls=len(took),
        us=round((time.perf_counter() - began) * 1e6),
        refused=sum(sender.refused for sender in senders),
        broken=sum(sender.broken for sender in senders),
        p50_us=took[len(took) // 2] * 1e6,
        p99_us=took[len(took) * 99 // 100] * 1e6,
    )


def read(path: Path) -> list[bytes]:
    """Return the requests of a file: each is a length in ten digits and the bytes."""
    data, at, requests = path.read_bytes(), 0, []
    while at < len(data):
        end = at + 10 + int(data[at : at + 10])
        requests.append(data[at + 10 : end])
        at = end
    return requests


def main(arguments: list[str]) -> None:
    """Send as the arguments say, and print the `Load` as JSON."""
    port, file, seconds, *pair = arguments
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the bench's own certificate
    if pair:
        context.load_cert_chain(*pair)
    load = uvloop.run(run(port, read(Path(file)), float(seconds), context))
    sys.stdout.write(msgspec.json.encode(load).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
