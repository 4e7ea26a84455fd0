"""The watch: read the stream in order, feed the rules, keep alerts, and have their responses carried out.

Position and state are kept together. What was read after the last snapshot is read again after a
crash and raises the same alerts under the same ids, which are kept once.
"""

import asyncio
import gc
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from ringfence.app.answers import ManagementAnswers
from ringfence.app.country_file import CountryFile
from ringfence.app.events import event_outbox, event_stream
from ringfence.app.process import Background, Role, Signals, on_reload
from ringfence.clock import Clock, Instant, Seconds, monotonic_seconds, system_clock
from ringfence.detect.alert import Alert
from ringfence.detect.anomaly.baseline_file import InvalidBaseline
from ringfence.detect.anomaly.detector import Settings
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.detection import Detection
from ringfence.detect.history import Positions, nowhere
from ringfence.detect.load import in_force, with_own
from ringfence.detect.playbook import Ladder, Playbook
from ringfence.detect.playbook_acts import climbers, playbook_acts, rung_of_risk
from ringfence.detect.playbook_load import playbooks_in_force, playbooks_with_own
from ringfence.detect.responses import Act, acts_for
from ringfence.detect.rule import Rule, seconds
from ringfence.events import Event, decode
from ringfence.events.detection import AlertRaised, BaselineLoaded
from ringfence.policy.anomaly_model import Anomalies
from ringfence.policy.load import LoadedPolicy, load
from ringfence.store.case_interface import Silence
from ringfence.store.embedded.lmdb_risk import LmdbRisk
from ringfence.store.embedded.sqlite_cases import SqliteCases
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.interface import EventStream, StoredEvent, Unavailable
from ringfence.store.risk import RiskRows
from ringfence.store.rung_interface import KeptRung
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
        risks: RiskRows,
        anomalies: Anomalies = Anomalies(),  # noqa: B008 - frozen
        silences: Silences | None = None,
        positions: Positions = nowhere,
    ) -> None:
        """Watch by `rules`; what is found against somebody is published as `risks`; `positions` says where networks are."""
        self._positions = positions
        self._silences = silences or NoSilences()
        self._risks = risks
        self._refill = True
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
        self._use(rules, most_groups, anomalies)

    def answer_by(self, playbooks: Sequence[Playbook]) -> None:
        """Answer alerts by these playbooks too, from now on."""
        self._playbooks = tuple(playbooks)

    def _use(self, rules: Sequence[CompiledRule], most_groups: int, anomalies: Anomalies) -> None:
        self._anomalies = anomalies
        self._rules = {rule.rule.id: rule for rule in rules}
        self._most_groups = most_groups
        self._detection = Detection(rules, most_groups, _settings(anomalies), self._positions)

    def replace(self, rules: Sequence[CompiledRule], most_groups: int, anomalies: Anomalies) -> None:
        """Go on by other rules; what is known about groups stays, where a rule's measures stay."""
        state = self._detection.snapshot()
        self._use(rules, most_groups, anomalies)
        self._detection.restore(state)
        self._load_baseline()

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
                self._detection.restore(state)
            self._refill = True
            self._load_baseline()
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
        await self._publish()
        await self._answer()
        noted, at = self._noted
        if self._position != noted and monotonic_seconds() - at >= NOTE_EVERY:
            await self._records.note_seen(self._position)
            if self._detection.anomalies is not None:
                await self._records.note_status(msgspec.json.encode(self._detection.anomalies.status()))
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
        return self._detection.feed(stored.position, event)

    async def _keep(self, alerts: Sequence[Alert]) -> None:
        try:
            new = set(await self._records.keep([_kept(alert) for alert in alerts]))
        except Unavailable:
            # The engine has counted this batch already: go back to the last snapshot, which is the honest state.
            self._started = False
            self._use(tuple(self._rules.values()), self._most_groups, self._anomalies)
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

    def _load_baseline(self) -> None:
        """Go on from the file of what is usual that the policy names, once; one that cannot be used changes nothing."""
        file = self._anomalies.baseline
        if not file:
            return
        try:
            header = self._detection.load_baseline(Path(file).read_bytes())
        except (OSError, InvalidBaseline) as why:
            _log.error("baseline not loaded: going on without it", why=str(why))
            return
        if header is not None:
            told = BaselineLoaded(
                at=self._clock(),
                correlation="",
                sha256=header.sha256,
                version=str(header.version),
                trained_from=header.trained_from,
                trained_until=header.trained_until,
                entities=header.entities,
            )
            self._emit(told)
            _log.info("baseline", sha256=header.sha256, entities=header.entities)

    async def _publish(self) -> None:
        """Let everybody read what is known now; what cannot be written is written with the next batch."""
        risk = self._detection.risk
        rows = risk.rows() if self._refill else risk.changes()
        if not rows and not self._refill:
            return
        try:
            await self._risks.put(rows, whole=self._refill)
        except Unavailable as why:
            _log.warning("risk not published", why=str(why))
            return
        self._refill = False
        risk.told()

    async def _answer(self) -> None:
        pending = await self._records.unanswered()
        if not pending:
            return
        others = [_alert(kept) for kept in await self._records.alerts("", undisposed=False, limit=MOST_OTHERS)]
        for kept in pending:
            alert = _alert(kept)
            rule = self._rules.get(alert.rule)
            acts = await self._acts(rule.rule, alert, others) if rule is not None else ()
            timely = [act for act in acts if not act.seconds or alert.at + act.seconds >= self._clock()]
            if acts and not timely:  # the watch was away, and the world went on
                await self._records.answered(alert.alert_id, TOO_LATE)
                continue
            why = f"alert {alert.alert_id} {alert.rule}"
            done = [await self._answers.carry_out(act, why) for act in timely]
            await self._records.answered(alert.alert_id, " ".join(done) or NOTHING_TO_DO)

    async def _acts(self, rule: Rule, alert: Alert, others: Sequence[Alert]) -> tuple[Act, ...]:
        """Return what is to be done: by the rule itself, and by playbooks what it does not do anyway."""
        own = acts_for(rule, alert, others)
        known = {(act.kind, act.what, act.value) for act in own}
        rungs = {
            playbook.id: await self._climb(playbook, ladder, value, alert)
            for playbook, ladder, value in climbers(self._playbooks, rule, alert)
        }
        more = playbook_acts(self._playbooks, rule, alert, others, rungs)
        return (*own, *(act for act in more if (act.kind, act.what, act.value) not in known))

    async def _climb(self, playbook: Playbook, ladder: Ladder, value: str, alert: Alert) -> int:
        reached = KeptRung(
            playbook=playbook.id,
            of=ladder.of,
            value=value,
            dry_run=playbook.mode == "dry-run",
            rung=rung_of_risk(ladder, self._detection.risk.of(ladder.of, value, alert.at)),
            at=alert.at,
            until=Instant(alert.at + seconds(ladder.within)),
            alert=alert.alert_id,
        )
        return await self._records.climb(reached, len(ladder.rungs))

    async def snapshot(self) -> None:
        """Keep position and state together; where that fails, the last ones stand."""
        try:
            detection = self._detection
            if detection.engine.evicted:
                _log.warning(
                    "groups forgotten: raise watch.most_groups, or see who floods", groups=detection.engine.evicted
                )
                detection.engine.evicted = 0
            if detection.risk.evicted:
                _log.warning("risk forgotten to make room: see who floods", entities=detection.risk.evicted)
                detection.risk.evicted = 0
            detection.risk.forget(self._clock())
            if self._started:
                await self._records.snapshot(self._position, detection.snapshot())
            self._kept_at = monotonic_seconds()
        except Unavailable as why:
            _log.warning("snapshot put off", why=str(why))


def _settings(anomalies: Anomalies) -> Settings | None:
    if anomalies.mode == "off":
        return None
    return Settings(alarms_a_day=anomalies.alarms_a_day, most_entities=anomalies.most_entities)


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


def anomalies_of(loaded: LoadedPolicy) -> Anomalies:
    """Return what a policy says of anomalies, its file where it lies."""
    anomalies = loaded.policy.watch.anomalies
    file = str(loaded.places.file(anomalies.baseline)) if anomalies.baseline else ""
    return msgspec.structs.replace(anomalies, baseline=file)


def policy_playbooks(loaded: LoadedPolicy) -> tuple[Playbook, ...]:
    """Return the playbooks that a policy puts in force.  Raises PolicyMistakes."""
    watch = loaded.policy.watch
    rules = with_own(loaded.places.file(watch.rules) if watch.rules else None)
    folder = loaded.places.file(watch.playbooks) if watch.playbooks else None
    limits = [limit.per for limit in loaded.policy.limits.values() if limit.rate_per_second]
    return playbooks_in_force(
        playbooks_with_own(folder, [rule.rule.id for rule in rules], limits, loaded.policy.notify.names),
        watch.playbook_modes,
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
            places = stack.enter_context(closing(CountryFile()))
            places.open(loaded)
            watcher = Watcher(
                policy_rules(loaded),
                loaded.policy.watch.most_groups,
                stream,
                records,
                answers,
                outbox.emit,
                clock,
                stack.enter_context(closing(LmdbRisk(where.risk))),
                anomalies_of(loaded),
                silences,
                places.position,
            )
            watcher.answer_by(policy_playbooks(loaded))

            def reload() -> None:
                again = load(policy_file)
                playbooks = policy_playbooks(again)
                places.open(again)
                watcher.replace(policy_rules(again), again.policy.watch.most_groups, anomalies_of(again))
                watcher.answer_by(playbooks)
                _log.info("policy", digest=again.digest[:16])

            background = Background()
            stack.push_async_callback(background.end)
            background.add(on_reload(signals, reload), "reload")
            gc.set_threshold(YOUNG_OBJECTS, 20, 100)
            await watcher.run(signals.stop)

    return run
