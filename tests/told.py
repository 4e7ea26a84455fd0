"""Alerts and messages for tests of what people are told."""

from ringfence.clock import Instant
from ringfence.events.detection import AlertRaised, NotificationAsked
from ringfence.export.notice import Notice, Noticing
from ringfence.export.redaction import Redaction
from ringfence.export.telling import Message
from tests.whole_events import ORIGIN, full, stored

AT = Instant(1_800_000_000.0)


def raised(n: int = 1, **fields: object) -> bytes:
    usual = {"alert": f"alert_{n}", "level": "high", "mode": "alert", "silenced": "", "explanation": f"seen {n}"}
    whole = full(AlertRaised)
    return stored(type(whole)(**{**{f: getattr(whole, f) for f in whole.__struct_fields__}, **usual, **fields})).data


def asked(n: int = 1, **fields: object) -> bytes:
    usual = {"alert": f"alert_{n}", "level": "low", "channel": "phone", "silenced": "", "explanation": f"seen {n}"}
    whole = full(NotificationAsked)
    return stored(type(whole)(**{**{f: getattr(whole, f) for f in whole.__struct_fields__}, **usual, **fields})).data


def noticing(levels: tuple[str, ...] = ("medium", "high", "critical"), form: str = "ocsf", **redaction) -> Noticing:
    hidden = Redaction(**({"classes": frozenset(), "method": "hash", "key": b"k" * 32} | redaction))
    return Noticing("phone", levels, form, hidden, ORIGIN)


def notice(n: int = 1, **fields: object) -> Notice:
    usual = {
        "position": n,
        "uid": f"p{n}t1",
        "at": Instant(AT + n),
        "alert": f"alert_{n}",
        "rule": "brute-force",
        "level": "high",
        "title": "Guessing",
        "explanation": f"seen {n}",
        "about": ("network 192.0.2.1",),
        "document": f'{{"n":{n}}}',
    }
    return Notice(**{**usual, **fields})


def message(*notices: Notice, dropped: int = 0) -> Message:
    return Message(notices or (notice(),), dropped)
