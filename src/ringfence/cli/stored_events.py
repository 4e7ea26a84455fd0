"""Read the newest events of a running installation, a page at a time, with a bar that shows how far it is."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from rich.progress import Progress

from ringfence.cli.connection import Management
from ringfence.events import Event, decode

PAGE: Final = 1000


def stored_events(management: Management, last: int) -> Iterator[tuple[int, Event]]:
    """Yield the last events with their positions, the oldest first; those of a newer version are left out."""
    page: dict[str, Any] = management.get("/events", last=last, limit=PAGE)
    with Progress(transient=True) as progress:
        task = progress.add_task("events", total=last)
        while page["items"]:
            for item in page["items"]:
                try:
                    yield item["position"], decode(msgspec.json.encode(item["event"]))
                except msgspec.DecodeError:
                    continue
            progress.advance(task, len(page["items"]))
            page = management.get("/events", after=page["next"], limit=PAGE)
