"""The watch: read the stream in order, feed the rules, keep alerts, and have their responses carried out.

Position and state are kept together. What was read after the last snapshot is read again after a
crash and raises the same alerts under the same ids, which are kept once.
"""

import asyncio
import gc
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from ringfence.app.answers import ManagementAnswers
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.clock import Clock, Instant, Seconds, monotonic_seconds, system_clock
from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.engine import Engine
from ringfence.detect.load import in_force, with_own
from ringfence.detect.playbook import Playbook
from ringfence.detect.playbook_acts import playbook_acts
from ringfence.detect.playbook_load import playbooks_in_force, playbooks_with_own
from ringfence.detect.responses import Act, acts_for
from ringfence.detect.rule import Rule
from ringfence.events import Event, decode
from ringfence.events.detection import AlertRaised
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.case_interface import Silence
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import EventStream, StoredEvent, Unavailable
from ringfence.store.watch_interface import KeptAlert, WatchRecords

_log = structlog.get_logger("ringfence.watch")

BATCH: Final = 500
"""Events read at once; some 15 ms of work."""
IDLE_SECONDS: Final[Seconds] = 0.05
"""How long to wait when nothing is new."""
RETRY_SECONDS: Final[Seconds] = 1.0
NOTE_EVERY: Final[Seconds] = 1.0
"""How often it is noted how far the watch is, for its lag."""
SNAPSHOT_EVERY: Final[Seconds] = 30.0
NOTHING_TO_DO: Final = "none"
TOO_LATE: Final = "too-late"
MOST_OTHERS: Final = 500
YOUNG_OBJECTS: Final = 50_000
"""Objects made before the collector looks for cycles; what the engine remembers has none, and there is much of it."""


class Answers(Protocol):
    """Carries out acts."""

    async def carry_out(self, act: Act, why: str) -> str:
        """Do one act and return it in words.  Raises Unavailable."""
        ...


class Silences(Protocol):
    """What nobody is told of for a while."""

    async def silences(self, now: Instant) -> list[Silence]:
        """Return the silences that hold.  Raises Unavailable."""
        ...


class NoSilences:
    """Where nothing is silenced."""

    async def silences(self, now: Instant) -> list[Silence]:
        """Return none."""
        del now
        return []


class Watcher:
    """One reader of the stream."""

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        most_groups: int,
        stream: EventStream,
        records: WatchRecords,
        answers: Answers,
        emit: Callable[[Event], None],
        clock: Clock,
        silences: Silences | None = None,
    ) -> None:
        """Watch by `rules`."""
        self._silences = silences or NoSilences()
        self._stream = stream
        self._records = records
        self._answers = answers
        self._emit = emit
        self._clock = clock
        self._position = 0
        self._kept_at = monotonic_seconds()
        self._noted = (-1, 0.0)
        self._started = False
        self._playbooks: tuple[Playbook, ...] = ()
        self._use(rules, most_groups)

    def answer_by(self, playbooks: Sequence[Playbook]) -> None:
        """Answer alerts by these playbooks too, from now on."""
        self._playbooks = tuple(playbooks)

    def _use(self, rules: Sequence[CompiledRule], most_groups: int) -> None:
        self._rules = {rule.rule.id: rule for rule in rules}
        self._engine = Engine(rules, most_groups)

    def replace(self, rules: Sequence[CompiledRule], most_groups: int) -> None:
        """Go on by other rules; what is known about groups stays, where a rule's measures stay."""
        state = self._engine.snapshot()
        self._use(rules, most_groups)
        self._engine.restore(state)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        while not stop.is_set():
            try:
                busy = await self.step()
                wait = 0.0 if busy else IDLE_SECONDS
            except Unavailable as why:
                _log.warning("detection waits", why=str(why))
                wait = RETRY_SECONDS
            if wait:
                await _wait(stop, wait)
        await self.snapshot()

    async def step(self) -> bool:
        """Take one batch; say whether there was one.  Raises Unavailable, and loses nothing by it."""
        if not self._started:
            self._position, state = await self._records.resume()
            if state:
                self._engine.restore(state)
            if self._position > await self._stream.last():
                _log.warning("the stream is another one: beginning at its start", position=self._position)
                self._position = 0
            self._started = True
        batch = await self._stream.read(self._position, BATCH)
        alerts = [alert for stored in batch for alert in self._feed(stored)]
        if alerts:
            await self._keep(alerts)
        if batch:
            self._position = batch[-1].position
        await self._answer()
        noted, at = self._noted
        if self._position != noted and monotonic_seconds() - at >= NOTE_EVERY:
            await self._records.note_seen(self._position)
            self._noted = (self._position, monotonic_seconds())
        if monotonic_seconds() - self._kept_at >= SNAPSHOT_EVERY:
            await self.snapshot()
        return len(batch) == BATCH

    def _feed(self, stored: StoredEvent) -> list[Alert]:
        try:
            event = decode(stored.data)
        except msgspec.ValidationError as why:  # a newer version's event, after going back to this one
            _log.warning("event not understood", position=stored.position, why=str(why))
            return []
        return self._engine.feed(stored.position, event)

    async def _keep(self, alerts: Sequence[Alert]) -> None:
        try:
            new = set(await self._records.keep([_kept(alert) for alert in alerts]))
        except Unavailable:
            # The engine has counted this batch already: go back to the last snapshot, which is the honest state.
            self._started = False
            self._use(tuple(self._rules.values()), self._engine.most_groups)
            raise
        for alert in alerts:
            if alert.alert_id in new:
                self._emit(_raised(alert, await self._silence(alert)))
                _log.warning("alert", rule=alert.rule, level=alert.level, why=alert.explanation, alert=alert.alert_id)

    async def _silence(self, alert: Alert) -> str:
        """Return the silence that an alert falls under; where that cannot be told, none."""
        try:
            held = await self._silences.silences(self._clock())
        except Unavailable as why:
            _log.warning("silences not read: everybody is told", why=str(why))
            return ""
        return next((one.silence_id for one in held if one.covers(alert.rule, alert.group)), "")

    async def _answer(self) -> None:
        pending = await self._records.unanswered()
        if not pending:
            return
        others = [_alert(kept) for kept in await self._records.alerts("", undisposed=False, limit=MOST_OTHERS)]
        for kept in pending:
            alert = _alert(kept)
            rule = self._rules.get(alert.rule)
            acts = self._acts(rule.rule, alert, others) if rule is not None else ()
            timely = [act for act in acts if not act.seconds or alert.at + act.seconds >= self._clock()]
            if acts and not timely:  # the watch was away, and the world went on
                await self._records.answered(alert.alert_id, TOO_LATE)
                continue
            why = f"alert {alert.alert_id} {alert.rule}"
            done = [await self._answers.carry_out(act, why) for act in timely]
            await self._records.answered(alert.alert_id, " ".join(done) or NOTHING_TO_DO)

    def _acts(self, rule: Rule, alert: Alert, others: Sequence[Alert]) -> tuple[Act, ...]:
        """Return what is to be done: by the rule itself, and by playbooks what it does not do anyway."""
        own = acts_for(rule, alert, others)
        known = {(act.kind, act.what, act.value) for act in own}
        more = playbook_acts(self._playbooks, rule, alert, others)
        return (*own, *(act for act in more if (act.kind, act.what, act.value) not in known))

    async def snapshot(self) -> None:
        """Keep position and state together; where that fails, the last ones stand."""
        try:
            if self._engine.evicted:
                _log.warning(
                    "groups forgotten: raise watch.most_groups, or see who floods", groups=self._engine.evicted
                )
                self._engine.evicted = 0
            if self._started:
                await self._records.snapshot(self._position, self._engine.snapshot())
            self._kept_at = monotonic_seconds()
        except Unavailable as why:
            _log.warning("snapshot put off", why=str(why))


def _kept(alert: Alert) -> KeptAlert:
    return KeptAlert(
        alert_id=alert.alert_id,
        rule=alert.rule,
        at=alert.at,
        level=alert.level,
        mode=alert.mode,
        title=alert.title,
        explanation=alert.explanation,
        detail=msgspec.Raw(msgspec.json.encode(alert)),
        answered="" if alert.mode == "enforce" else NOTHING_TO_DO,
    )


def _alert(kept: KeptAlert) -> Alert:
    return msgspec.json.decode(kept.detail, type=Alert)


def _raised(alert: Alert, silenced: str) -> AlertRaised:
    return AlertRaised(
        at=alert.at,
        correlation=alert.evidence[-1][1] if alert.evidence else "",
        alert=alert.alert_id,
        rule=alert.rule,
        level=alert.level,
        mode=alert.mode,
        title=alert.title,
        explanation=alert.explanation,
        client=alert.context.get("client", ""),
        user=alert.context.get("user", ""),
        grant=alert.context.get("grant", ""),
        network=alert.context.get("network", ""),
        silenced=silenced,
    )


async def _wait(stop: asyncio.Event, wait: Seconds) -> None:
    try:
        await asyncio.wait_for(stop.wait(), wait)
    except TimeoutError:
        return


def policy_rules(loaded: LoadedPolicy) -> tuple[CompiledRule, ...]:
    """Return the rules that a policy puts in force.  Raises PolicyMistakes."""
    watch = loaded.policy.watch
    return in_force(with_own(loaded.places.file(watch.rules) if watch.rules else None), watch.modes)


def policy_playbooks(loaded: LoadedPolicy) -> tuple[Playbook, ...]:
    """Return the playbooks that a policy puts in force.  Raises PolicyMistakes."""
    watch = loaded.policy.watch
    rules = with_own(loaded.places.file(watch.rules) if watch.rules else None)
    folder = loaded.places.file(watch.playbooks) if watch.playbooks else None
    limits = [limit.per for limit in loaded.policy.limits.values() if limit.rate_per_second]
    return playbooks_in_force(
        playbooks_with_own(folder, [rule.rule.id for rule in rules], limits), watch.playbook_modes
    )


def watch_role(policy_file: Path) -> Role:
    """Return the role of the watch."""

    async def run(signals: Signals) -> None:
        loaded = load(policy_file)
        where = loaded.places
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(event_stream(loaded))
            outbox = await stack.enter_async_context(event_outbox(loaded, "watch", stream))
            records = SqliteWatch(where.watch)
            stack.push_async_callback(records.close)
            answers = ManagementAnswers(where.admin_socket)
            stack.push_async_callback(answers.close)
            silences = SqliteCases(where.watch)
            stack.push_async_callback(silences.close)
            clock: Callable[[], Instant] = system_clock
            most = loaded.policy.watch.most_groups
            watcher = Watcher(policy_rules(loaded), most, stream, records, answers, outbox.emit, clock, silences)
            watcher.answer_by(policy_playbooks(loaded))

            def reload() -> None:
                again = load(policy_file)
                playbooks = policy_playbooks(again)
                watcher.replace(policy_rules(again), again.policy.watch.most_groups)
                watcher.answer_by(playbooks)
                _log.info("policy", digest=again.digest[:16])

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            gc.set_threshold(YOUNG_OBJECTS, 20, 100)
            await watcher.run(signals.stop)

    return run
