"""Where a webhook may be posted to: its name is resolved once, judged, and the very address connected to.  RFC 6890; RFC 9700 §4.11."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from ringfence.app.export.sink import Away
from ringfence.app.fetching import Resolve
from ringfence.fetching import Unfetchable, require_reachable

_PORTS = {"https": 443, "http": 80}


class Way(msgspec.Struct, frozen=True):
    """Where a request goes."""

    url: str
    """With the address in place of the name."""
    host: str
    """What the `Host` field says."""
    name: str
    """Of the server, for its certificate."""


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a name.  Raises OSError."""
    found = await asyncio.to_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def guarded(url: str, inside: Sequence[str], resolve: Resolve = resolve) -> Callable[[], Awaitable[Way]]:
    """Return what says where to post to, each time anew.

    Args:
        url: as the policy has it.
        inside: networks that are not public and may be reached all the same.
        resolve: returns the addresses of a name.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]

    async def way() -> Way:
        """Return the way.  Raises Away."""
        try:
            address = require_reachable(await resolve(name, port), inside)
        except (Unfetchable, OSError) as why:
            raise Away(f"{name}: {why}") from why
        literal = f"[{address}]" if ":" in address else address
        return Way(parts._replace(netloc=f"{literal}:{port}").geturl(), parts.netloc, name)

    return way
