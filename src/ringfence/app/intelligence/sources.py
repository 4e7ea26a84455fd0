"""Where feeds come from: a file, an HTTPS server of the operator's choice, a TAXII collection.  TAXII 2.1 §5.4; RFC 9110.

The URLs stand in the policy, so addresses inside are fetched too; redirects are not followed, and no proxy of
the environment is used.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx
import msgspec

from ringfence import __version__
from ringfence.app.export.tls import client_tls
from ringfence.clock import Seconds
from ringfence.policy.intelligence_model import Feed

MAX_BYTES: Final = 64 << 20
"""Of one document, and of all pages of a collection."""
MOST_PAGES: Final = 1_000
WITHIN: Final[Seconds] = 60.0
LONGEST_SECRET: Final = 4096
TAXII_TYPE: Final = "application/taxii+json;version=2.1"
OK: Final = 200
NOT_MODIFIED: Final = 304


class Absent(Exception):
    """A feed could not be had; the message says why and is for operators."""


class Came(msgspec.Struct, frozen=True):
    """What came."""

    documents: tuple[bytes, ...]
    """Empty: it is what it was."""
    tag: str = ""
    """Tells whether it is what it was, the next time."""


class _Page(msgspec.Struct):
    more: bool = False
    next: str = ""


def read_path(file: Path, tag: str) -> Came:
    """Return a file's content, if it is not the one that `tag` stands for.  Raises Absent."""
    try:
        stat = file.stat()
        now = f"{stat.st_mtime_ns}-{stat.st_ino}-{stat.st_size}"
        if now == tag:
            return Came((), tag)
        if stat.st_size > MAX_BYTES:
            raise Absent(f"it is larger than {MAX_BYTES >> 20} MiB")
        return Came((file.read_bytes(),), now)
    except OSError as why:
        raise Absent(f"{type(why).__name__}: {why.strerror}") from None


async def fetch(feed: Feed, file: Callable[[str], Path], tag: str) -> Came:
    """Return what is at the feed's URL, if it is not what `tag` stands for.

    Args:
        feed: with a `url`.
        file: makes a path of the policy absolute.
        tag: of the last time; empty: whatever is there.

    Raises:
        Absent: nothing usable within a minute.
    """
    try:
        tls = client_tls(file(feed.authority) if feed.authority else None, None, None)
        headers = {"user-agent": f"ringfence/{__version__}", **_authorization(feed, file)}
        async with (
            asyncio.timeout(WITHIN),
            httpx.AsyncClient(
                verify=tls, trust_env=False, follow_redirects=False, timeout=WITHIN, headers=headers
            ) as http,
        ):
            return await (_collection(http, feed.url) if feed.format == "taxii" else _document(http, feed.url, tag))
    except TimeoutError:
        raise Absent(f"no whole answer within {WITHIN:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as why:
        raise Absent(f"{type(why).__name__}: {why}") from None


def _authorization(feed: Feed, file: Callable[[str], Path]) -> dict[str, str]:
    if not (name := feed.token_file or feed.key_file):
        return {}
    text = file(name).read_text("ascii").strip()
    if not text or len(text) > LONGEST_SECRET or not all("!" <= c <= "~" for c in text):
        raise ValueError(f"{name} does not hold one line of printable characters")
    return {"authorization": f"Bearer {text}" if feed.token_file else text}


async def _document(http: httpx.AsyncClient, url: str, tag: str) -> Came:
    asked = {"if-none-match": tag} if tag else {}
    status, headers, body = await _get(http, url, asked, MAX_BYTES)
    if status == NOT_MODIFIED and tag:
        return Came((), tag)
    if status != OK:
        raise Absent(f"answered {status}")
    return Came((body,), headers.get("etag", ""))


async def _collection(http: httpx.AsyncClient, url: str) -> Came:
    """Read all pages of a TAXII collection.  TAXII 2.1 §3.5, §5.4."""
    pages: list[bytes] = []
    left, parameters = MAX_BYTES, dict[str, str]()
    for _ in range(MOST_PAGES):
        target = httpx.URL(f"{url.rstrip('/')}/objects/", params=parameters)
        status, headers, body = await _get(http, str(target), {"accept": TAXII_TYPE}, left)
        if status != OK:
            raise Absent(f"answered {status}")
        if not headers.get("content-type", "").replace(" ", "").startswith("application/taxii+json"):
            raise Absent("the answer is not of TAXII 2.1")
        pages.append(body)
        left -= len(body)
        try:
            page = msgspec.json.decode(body, type=_Page)
        except msgspec.DecodeError as why:
            raise Absent(f"page {len(pages)}: {why}") from None
        if not page.more:
            return Came(tuple(pages))
        if not page.next:
            raise Absent(f"page {len(pages)}: there is more, and it does not say where")
        parameters = {"next": page.next}
    raise Absent(f"it has more than {MOST_PAGES} pages")


async def _get(
    http: httpx.AsyncClient, url: str, headers: Mapping[str, str], most: int
) -> tuple[int, httpx.Headers, bytes]:
    pieces: list[bytes] = []
    size = 0
    async with http.stream("GET", url, headers=dict(headers)) as answer:
        async for piece in answer.aiter_bytes():
            size += len(piece)
            if size > most:
                raise Absent(f"it is larger than {MAX_BYTES >> 20} MiB")
            pieces.append(piece)
        return answer.status_code, answer.headers, b"".join(pieces)
