"""The role that brings events to the policy's sinks: one follower a sink, none waits for another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final, get_args
from urllib.parse import urlsplit

import structlog

from ringfence import __version__
from ringfence.app.events import event_stream
from ringfence.app.export.batches import Batches
from ringfence.app.export.channels import channel
from ringfence.app.export.collector import Collector
from ringfence.app.export.files import Files
from ringfence.app.export.follower import Follower
from ringfence.app.export.otlp import Otlp
from ringfence.app.export.posting import Poster
from ringfence.app.export.secrets import one_line_secret
from ringfence.app.export.sink import Sink
from ringfence.app.export.teller import Teller
from ringfence.app.export.tls import client_tls
from ringfence.app.key_file import ensure_key
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.clock import Seconds, system_clock
from ringfence.export.line import Rendering, Selection
from ringfence.export.record import Origin
from ringfence.export.redaction import Redaction
from ringfence.export.spans import SpanRendering
from ringfence.ids import system_random
from ringfence.policy.export_model import (
    Chosen,
    FileSink,
    HttpSink,
    OtlpSink,
    SensitiveClass,
    SyslogSink,
    TraceSink,
)
from ringfence.policy.exports import AnySink, sinks_of
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.notify_model import Channel
from ringfence.store.cursors import Cursors
from ringfence.store.interface import EventStream

_log = structlog.get_logger("ringfence.export")

KEY_BYTES: Final = 32
NoChannel = FileSink | SyslogSink | HttpSink | OtlpSink | TraceSink
LAST_BATCH_WITHIN: Final[Seconds] = 5.0
THREADS: Final = 64
"""For files and the resolver: sinks whose names resolve slowly must not hold up the others."""


def followers(loaded: LoadedPolicy, stream: EventStream) -> list[Follower | Teller]:
    """Return a follower for each sink of a policy, a teller for each channel.  Raises Unavailable where the key of redaction cannot be had."""
    export, where = loaded.policy.export, loaded.places
    sinks = sinks_of(loaded.policy)
    needs_key = export.redaction == "hash" and (export.redact or any(_hides_all(sink) for _, sink in sinks))
    key = ensure_key(where.redaction_key, KEY_BYTES, system_random) if needs_key else b""
    origin = Origin(urlsplit(loaded.policy.issuer).hostname or "-", __version__)
    cursors = Cursors(where.exports)

    def follower(name: str, sink: AnySink) -> Follower | Teller:
        classes = get_args(SensitiveClass) if _hides_all(sink) else export.redact
        redaction = Redaction(frozenset(classes), export.redaction, key)
        if isinstance(sink, Channel):
            return channel(name, sink, redaction, origin, loaded, stream, cursors)
        way = _sink(sink, origin, loaded)
        if isinstance(sink, TraceSink):
            spans = SpanRendering(sink.share, redaction)
            return Follower(name, way, spans, stream, cursors, system_clock, system_random)
        form = "otlp" if isinstance(sink, OtlpSink) else sink.format
        rendering = Rendering(form, Selection(sink.events), redaction, origin)
        return Follower(name, way, rendering, stream, cursors, system_clock, system_random)

    return [follower(str(at[-1]), sink) for at, sink in sinks]


def _hides_all(sink: AnySink) -> bool:
    return isinstance(sink, Chosen) and sink.redact == "all"


def _sink(sink: NoChannel, origin: Origin, loaded: LoadedPolicy) -> Sink:
    def file(path: str) -> Path | None:
        return loaded.places.file(path) if path else None

    match sink:
        case FileSink():
            return Files(loaded.places.file(sink.path), sink.max_bytes, sink.keep)
        case SyslogSink():
            tls = partial(client_tls, file(sink.authority), file(sink.certificate), file(sink.key))
            return Collector(sink.host, sink.port, None if sink.tls == "off" else tls, origin.host, sink.facility)
        case HttpSink():
            tls = partial(client_tls, file(sink.authority), file(sink.certificate), file(sink.key))
            return Batches(Poster(sink.url, tls), one_line_secret(file(sink.token_file)), sink.batch, sink.format)
        case OtlpSink() | TraceSink():
            tls = partial(client_tls, file(sink.authority), file(sink.certificate), file(sink.key))
            bearer = one_line_secret(file(sink.token_file))
            return Otlp(
                Poster(sink.url, tls), bearer, sink.batch, origin, "logs" if isinstance(sink, OtlpSink) else "spans"
            )


class Exporting:
    """The followers of the policy in force."""

    def __init__(self, stream: EventStream) -> None:
        """Follow nothing yet."""
        self._stream = stream
        self._stop = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    async def follow(self, loaded: LoadedPolicy) -> None:
        """Follow by a policy in place of the last.  Raises Unavailable, and the last goes on."""
        wanted = followers(loaded, self._stream)
        await self.end()
        self._stop = asyncio.Event()
        self._running = [asyncio.create_task(follower.run(self._stop)) for follower in wanted]
        _log.info("exporting", sinks=len(wanted))

    async def end(self) -> None:
        """Stop after the batch that is under way; one that takes long is broken off, and sent again after the next start."""
        self._stop.set()
        if self._running:
            await asyncio.wait(self._running, timeout=LAST_BATCH_WITHIN)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []


def export_role(policy_file: Path) -> Role:
    """Return the role of the export."""

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="export"))
        async with AsyncExitStack() as stack:
            exporting = Exporting(await stack.enter_async_context(event_stream(loaded)))
            stack.push_async_callback(exporting.end)
            await exporting.follow(loaded)
            changed: asyncio.Queue[LoadedPolicy] = asyncio.Queue()
            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, lambda: changed.put_nowait(load(policy_file))), "reload")
            background.add(_follow_changes(exporting, changed), "changes")
            await signals.stop.wait()

    return run


async def _follow_changes(exporting: Exporting, changed: "asyncio.Queue[LoadedPolicy]") -> None:
    while True:
        await exporting.follow(await changed.get())
