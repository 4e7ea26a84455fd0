"""What a message to a channel says: one alert, or a digest of all that came while no message might go."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.export.notice import Notice

SHOWN: Final = 20
"""Alerts that a digest names one by one, the newest; the others are counted."""
LEVELS: Final = ("critical", "high", "medium", "low", "informational")
LONGEST_SUBJECT: Final = 180
LONGEST_LINE: Final = 500


class Message(msgspec.Struct, frozen=True):
    """One message."""

    notices: tuple[Notice, ...]
    """At least one, oldest first."""
    dropped: int = 0
    """Alerts that waited before these, and were dropped since nobody took them."""

    @property
    def until(self) -> int:
        """The position that everything up to it has been told of, once this is taken."""
        return self.notices[-1].position

    @property
    def message_id(self) -> str:
        """The same for every attempt, so that a repetition is known."""
        if len(self.notices) == 1:
            return f"msg_{self.notices[0].uid}"
        ends = f"{self.notices[0].uid} {self.notices[-1].uid} {len(self.notices)}"
        return f"digest_{hashlib.sha256(ends.encode()).hexdigest()[:24]}"


def subject(message: Message) -> str:
    """Return the message in one line, for a list of messages."""
    if len(message.notices) == 1:
        one = message.notices[0]
        return f"[{one.level}] {one.title}"[:LONGEST_SUBJECT]
    levels = Counter(one.level for one in message.notices)
    by_level = ", ".join(f"{levels[level]} {level}" for level in LEVELS if levels[level])
    return f"[digest] {len(message.notices)} alerts: {by_level}"[:LONGEST_SUBJECT]


def sentences(message: Message) -> list[str]:
    """Return the message in lines, for people."""
    lines = [f"{message.dropped} earlier alerts were dropped: nobody had taken them.", ""] if message.dropped else []
    if len(message.notices) == 1:
        return lines + _one(message.notices[0])
    first, last = message.notices[0], message.notices[-1]
    lines += [f"{len(message.notices)} alerts between {_moment(first.at)} and {_moment(last.at)}, told together:", ""]
    rules = Counter((LEVELS.index(n.level) if n.level in LEVELS else 9, n.level, n.rule) for n in message.notices)
    lines += [f"  {number} × {level} {rule}" for (_, level, rule), number in sorted(rules.items())]
    lines += ["", "The newest:" if len(message.notices) > SHOWN else "Each:", ""]
    for one in message.notices[-SHOWN:]:
        lines += [f"  {one.explanation}"[:LONGEST_LINE], f"    {link(one)}"]
    return [*lines, "", "All of them: ringfence alerts list --open"]


def one_sentence(message: Message) -> str:
    """Return the message in one line, for a log."""
    if len(message.notices) == 1:
        one = message.notices[0]
        return f"{subject(message)}: {one.explanation[:LONGEST_LINE]} ({', '.join(one.about)}). {link(one)}"
    return f"{subject(message)}. ringfence alerts list --open"


def document(message: Message) -> str:
    """Return the message as JSON: the alert itself, or a digest with as many of them as it names."""
    if len(message.notices) == 1 and not message.dropped:
        return message.notices[0].document
    return json.dumps(
        {
            "type": "alert.digest",
            "timestamp": datetime.fromtimestamp(message.notices[-1].at, UTC).isoformat().replace("+00:00", "Z"),
            "data": {
                "count": len(message.notices),
                "dropped": message.dropped,
                "rules": dict(Counter(one.rule for one in message.notices)),
                "levels": dict(Counter(one.level for one in message.notices)),
                "alerts": [json.loads(one.document) for one in message.notices[-SHOWN:]],
            },
        },
        ensure_ascii=True,
        separators=(",", ":"),
        allow_nan=False,
    )


def link(notice: Notice) -> str:
    """Return the command that shows the alert."""
    return f"ringfence alerts show {notice.alert}"


def _one(one: Notice) -> list[str]:
    return [
        f"{one.title} ({one.rule}, {one.level})",
        "",
        one.explanation[:LONGEST_LINE],
        "",
        f"Raised: {_moment(one.at)}",
        *([f"About: {', '.join(one.about)}"] if one.about else []),
        f"See: {link(one)}",
    ]


def _moment(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
