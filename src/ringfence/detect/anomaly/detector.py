"""Find entities that behave unlike themselves, at a budget of false alarms a day.

In this order: counters in windows of five minutes of the events' own time; standardised against the hour of the week
of a trailing week; whitened; scored with the terms as reasons; conformal p-values over all points; evidence over windows;
and two bounds at the door. What comes out is a function of the stream: the same events after the same snapshot give
the same alerts, byte for byte. It never acts: what it finds is told, and counts as risk.
"""

import math
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert, alert_id
from ringfence.detect.anomaly import budget, evidence, words
from ringfence.detect.anomaly.conformal import draw
from ringfence.detect.anomaly.entity import HOURS, Entity
from ringfence.detect.anomaly.features import EVERYONE, KINDS, Key, Seen, Window, seen_in
from ringfence.detect.anomaly.kind import Judged, Kind
from ringfence.detect.anomaly.sequence import Bigrams
from ringfence.detect.slices import Encoding, joined, sliced, whole
from ringfence.detect.stream_time import StreamTime
from ringfence.events import Event

SECONDS: Final = 300
LATENESS: Final = 5.0
"""Seconds after its end for which a window waits for events that come late."""
DOUBTED: Final = 3_600.0
"""Seconds ahead of the stream from which on a time needs witnesses: for so long one wrong clock may keep a window open."""
WINDOWS_A_DAY: Final = 288
LEARNING_DAYS: Final = 7
"""Days before anything is told."""
COOL_DOWN: Final = 21_600.0
"""After an alarm an entity goes on counting, and raises no other for six hours."""
MOST_ENTITIES: Final = 20_000
SHARES: Final = {"user": 0.35, "client": 0.2, "network": 0.25, "name": 0.2, EVERYONE: 0.0}
"""Of `most_entities`, by kind: names and networks are whatever somebody makes up, and push out nobody else."""
FEWEST: Final = 1
ENTITIES_AT_ONCE: Final = 100
"""Entities encoded at once."""
MOST_EVIDENCE: Final = 5
ANOMALY, DIGEST = "anomaly", "anomaly-digest"
_GROUP: Final = {"user": "user", "client": "client", "network": "network", "name": "username_hash", "everyone": "all"}


class Settings(msgspec.Struct, frozen=True):
    """How it is tuned."""

    alarms_a_day: float = 4.0
    most_entities: int = MOST_ENTITIES
    seed: str = "ringfence"
    """Of what breaks ties."""
    learning_days: int = LEARNING_DAYS


DEFAULTS: Final = Settings()


class Status(msgspec.Struct, frozen=True):
    """What an operator has to know before believing it."""

    at: Instant
    """The newest event."""
    budget: float
    """Alarms a day."""
    told: int
    """Alarms told by themselves in the last day."""
    found: int
    """Alarms since the beginning, those in digests included."""
    overflowed: int
    """Of these, those that only a digest told."""
    learning_days_left: float
    windows_a_day: float
    log_c: float
    """Evidence at which an alarm is raised."""
    raised: float
    """What the controller adds to it."""
    entities: int
    forgotten: int
    """Entities that had to go to make room."""
    kinds: dict[str, dict[str, float]]
    """By kind: `calibration` scores, `uniformity` (the Kolmogorov–Smirnov distance of p-values from uniform), `rho` of the
    calls, `age_days` of the estimates."""


class AnomalyDetector:
    """All entities."""

    def __init__(self, settings: Settings = DEFAULTS) -> None:
        """Know nothing."""
        self.settings = settings
        self._entities: dict[str, OrderedDict[str, Entity]] = {kind: OrderedDict() for kind in KINDS}
        self._most = {kind: max(FEWEST, int(share * self.settings.most_entities)) for kind, share in SHARES.items()}
        self._kinds = {kind: Kind() for kind in KINDS}
        self._hours = {kind: [0.0] * HOURS for kind in KINDS}
        self._open: dict[Key, Window] = {}
        self._opened = dict.fromkeys(KINDS, 0)
        """Windows that are open, by kind."""
        self._window = -1
        self._first_day = -1
        self._scored = [0, 0]
        """Windows scored today and on the day before."""
        self._order = Bigrams()
        self._budget = budget.Budget(self.settings.alarms_a_day)
        self._at = Instant(0.0)
        self._time = StreamTime(DOUBTED)
        self.forgotten = 0
        self.quiet: list[Alert] = []
        """Alarms that only a digest tells; who takes them clears the list."""

    def feed(self, position: int, event: Event) -> list[Alert]:
        """Take the next event of the stream and return the alarms that it makes known."""
        seen = seen_in(event)
        if seen is None:
            return []
        alerts: list[Alert] = []
        self._time.see(float(event.at))  # windows end by what is believed: one wrong clock ends nobody's
        self._at = Instant(self._time.now(float(event.at)))
        window = int(self._at // SECONDS)
        if self._window < 0:
            self._window = window
            self._first_day = window // WINDOWS_A_DAY
        elif window < self._window:
            self._turn_back(window)
        elif window > self._window and self._at >= (self._window + 1) * SECONDS + LATENESS:
            alerts = self._close(position, window)
        self._count(position, event, seen)
        return alerts

    def _turn_back(self, window: int) -> None:
        """Go on in an earlier window: a time that was believed is not any more."""
        self._window, self._first_day = window, min(self._first_day, window // WINDOWS_A_DAY)
        self._budget.turn_back(self._at)

    def _count(self, position: int, event: Event, seen: Seen) -> None:
        surprise = self._order.surprise(seen.client, seen.trail, seen.step)
        for kind, value, other in seen.about:
            key = (kind, value)
            window = self._open.get(key)
            if window is None:
                if self._opened[kind] >= self._most[kind]:
                    self.forgotten += 1  # a flood of names within minutes
                    continue
                self._opened[kind] += 1
                window = self._open[key] = Window()
                self._remembered(kind, value)
            entity = self._entities[kind].get(value)
            if entity is None:  # it had to go within the window
                continue
            if (
                other
                and other not in window.others
                and entity.meets(zlib.crc32(other.encode("utf-8", "surrogatepass")))
            ):
                window.new_others += 1
            if seen.place and entity.comes_from(seen.place):
                window.places += 1
            window.add(seen, other, surprise)
            if len(window.evidence) < MOST_EVIDENCE:
                window.evidence.append((position, str(getattr(event, "correlation", ""))))

    def _remembered(self, kind: str, value: str) -> None:
        entities = self._entities[kind]
        if value in entities:
            entities.move_to_end(value)
            return
        entities[value] = Entity(kind)
        if len(entities) > self._most[kind]:
            entities.popitem(last=False)
            self.forgotten += 1

    def _close(self, position: int, next_window: int) -> list[Alert]:
        """Judge what happened in the window that is over, and begin the next."""
        window, ended = self._window, Instant(float((self._window + 1) * SECONDS))
        alerts: list[Alert] = []
        for key, did in self._open.items():
            entity = self._entities[key[0]].get(key[1])
            if entity is not None:
                alerts += self._judge(key, entity, did, window, position, ended)
        self._open, self._opened = {}, dict.fromkeys(KINDS, 0)
        self._budget.tick(ended)
        if next_window // WINDOWS_A_DAY != window // WINDOWS_A_DAY:
            self._scored = [0, self._scored[0]]
            for kind in self._kinds.values():
                kind.estimate(window // WINDOWS_A_DAY)
            alerts += self._digest(position, ended)
        self._window = next_window
        return alerts

    def _judge(self, key: Key, entity: Entity, did: Window, window: int, position: int, ended: Instant) -> list[Alert]:
        name, day = key[0], window // WINDOWS_A_DAY
        kind, hour = self._kinds[name], window % WINDOWS_A_DAY * HOURS // WINDOWS_A_DAY
        if entity.day != day:
            entity.day = day
            if len(entity.own.rows):
                entity.own.estimate(kind.peers, window)
        chance = entity.hour_chance(hour, self._hours[name])
        self._hours[name][hour] += 1.0
        row = did.vector(-math.log(chance))
        u = draw(self.settings.seed, *key, window)
        before = entity.before if entity.before_window < window else ()
        judged = kind.judge(window, row, entity.own, (entity.before_window, before), u)
        entity.before, entity.before_window = judged.z, window
        self._scored[0] += 1
        if self._learning(day):
            return []
        entity.log_m = evidence.next_log_m(entity.log_m, judged.p)
        if entity.log_m < self._log_c() or 0 <= ended - entity.fired_at < COOL_DOWN:
            return []
        alert = self._alert(key, did, row, judged, entity.log_m, position, ended)
        entity.log_m, entity.fired_at = 0.0, float(ended)
        if self._budget.admit(ended, f"{key[0]} {key[1]}: {alert.explanation}"):
            return [alert]
        self.quiet.append(alert)
        return []

    def _learning(self, day: int) -> bool:
        return day - self._first_day < self.settings.learning_days

    def _windows_a_day(self) -> float:
        return float(max(self._scored))

    def _log_c(self) -> float:
        return evidence.threshold(self._windows_a_day(), self.settings.alarms_a_day) + self._budget.raised

    def _alert(
        self, key: Key, did: Window, row: Sequence[float], judged: Judged, log_m: float, position: int, ended: Instant
    ) -> Alert:
        kind, value = key
        because = [words.words(n, row[n], judged.expected[n], judged.terms[n]) for n in words.reasons(judged.terms)]
        return Alert(
            alert_id=alert_id(ANOMALY, key, position),
            rule=ANOMALY,
            at=ended,
            position=position,
            level="medium",
            mode="alert",
            title="Unlike itself" if kind != "everyone" else "Unlike any other hour",
            group={_GROUP[kind]: value},
            measures={"score": round(sum(judged.terms), 3), "p": judged.p, "log_evidence": round(log_m, 3)},
            explanation="; ".join(because),
            evidence=tuple(did.evidence),
            context={_GROUP[kind]: value} if kind in {"user", "client", "network"} else {},
        )

    def _digest(self, position: int, ended: Instant) -> list[Alert]:
        over, lines = self._budget.digest()
        if not over:
            return []
        return [
            Alert(
                alert_id=alert_id(DIGEST, (), position),
                rule=DIGEST,
                at=ended,
                position=position,
                level="medium",
                mode="alert",
                title=f"{over} more findings than the budget of the day",
                group={"all": "all"},
                measures={"findings": float(over), "named": float(len(lines))},
                explanation=" | ".join(lines),
                evidence=(),
            )
        ]

    def trained_from(self) -> float:
        """Return when the first day began that it knows of."""
        return max(0, self._first_day) * budget.DAY

    def status(self) -> Status:
        """Return what an operator has to know."""
        day = self._window // WINDOWS_A_DAY
        learned = (self._at - self._first_day * budget.DAY) / budget.DAY if self._first_day >= 0 else 0.0
        return Status(
            at=self._at,
            budget=self.settings.alarms_a_day,
            told=self._budget.told_today(),
            found=self._budget.in_all,
            overflowed=self._budget.overflowed,
            learning_days_left=max(0.0, self.settings.learning_days - learned),
            windows_a_day=self._windows_a_day(),
            log_c=self._log_c(),
            raised=self._budget.raised,
            entities=sum(map(len, self._entities.values())),
            forgotten=self.forgotten,
            kinds={
                name: {
                    "calibration": float(sum(map(len, kind.calibrations))),
                    "uniformity": round(kind.uniformity.distance(), 4),
                    "rho": round(kind.whitening.rho[0], 3),
                    "age_days": float(day - kind.estimated_on) if kind.estimated_on >= 0 else -1.0,
                }
                for name, kind in self._kinds.items()
            },
        )

    def snapshot(self) -> bytes:
        """Return the whole state, to go on from later."""
        return whole(self.encoding())

    def encoding(self) -> Encoding[bytes]:
        """Encode the whole state; no event may be fed until that is done."""
        all_of_them = (
            (kind, value, entity.snapshot())
            for kind, entities in self._entities.items()
            for value, entity in entities.items()
        )
        entities = yield from sliced(all_of_them, ENTITIES_AT_ONCE)
        opened = yield from sliced(((*key, window.snapshot()) for key, window in self._open.items()), ENTITIES_AT_ONCE)
        return msgspec.msgpack.encode(
            [
                entities,
                [(name, kind.snapshot()) for name, kind in self._kinds.items()],
                self._hours,
                opened,
                [self._window, self._first_day, self._scored, self._at, self.forgotten, self._time.snapshot()],
                self._order.snapshot(),
                self._budget.snapshot(),
            ]
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot."""
        entities, kinds, self._hours, opened, numbers, order, spent = msgspec.msgpack.decode(snapshot)
        self._entities = {kind: OrderedDict() for kind in KINDS}
        for kind, value, one in joined(entities):
            self._entities[kind][value] = Entity.restored(kind, one)
        for kind, known in self._entities.items():  # of a file, or from before the policy changed
            while len(known) > self._most[kind]:
                known.popitem(last=False)
                self.forgotten += 1
        for name, saved in kinds:
            self._kinds[name].restore(saved)
        self._open = {(kind, value): Window.restored(one) for kind, value, one in joined(opened)}
        self._opened = {kind: sum(of == kind for of, _ in self._open) for kind in KINDS}
        self._window, self._first_day, self._scored, at, self.forgotten, *time = numbers
        self._at = Instant(at)
        self._time.restore(time[0] if time else [at, [], 0])
        self._order.restore(order)
        self._budget.restore(spent)
