"""The role that takes feeds of threat intelligence: the only one that reaches out for them."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog

from ringfence.app.events import event_outbox, event_stream
from ringfence.app.intelligence.keeping import Feeds
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.clock import Seconds, system_clock
from ringfence.events import Event
from ringfence.policy.load import LoadedPolicy, load

_log = structlog.get_logger("ringfence.intelligence")

LOOK_EVERY: Final[Seconds] = 0.25
"""For files that have changed, and for somebody who asks."""
ASKED: Final = "asked"
"""A file of this name asks for every feed anew; it is taken away."""


def feeds_of(loaded: LoadedPolicy, emit: Callable[[Event], None]) -> Feeds:
    """Return the feeds of a policy, with what is kept of them."""
    place = loaded.places.intelligence
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Feeds(loaded.policy.intelligence, loaded.places.file, place, emit, system_clock)


def intelligence_role(policy_file: Path) -> Role:
    """Return the role of threat intelligence."""

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "intelligence", stream))
            feeds = feeds_of(loaded, outbox.emit)
            asked = loaded.places.intelligence / ASKED

            replaced: list[Feeds] = []

            def reload() -> None:
                nonlocal feeds
                replaced.append(feeds)
                feeds = feeds_of(load(policy_file), outbox.emit)
                _log.info("feeds of the new policy")

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")

            async def end() -> None:
                await feeds.end()

            stack.push_async_callback(end)
            while not signals.stop.is_set():
                if asked.exists():
                    asked.unlink(missing_ok=True)
                    feeds.ask_again()
                try:
                    while replaced:
                        await replaced.pop().end()
                    await feeds.step(LOOK_EVERY)
                except OSError as why:
                    _log.error("threat intelligence not written: what workers have stays", why=repr(why))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(signals.stop.wait(), LOOK_EVERY)

    return run
