"""A keeper over a real ledger and local keys, for tests of several packages."""

from collections.abc import Callable
from pathlib import Path

from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.ids import system_random
from ringfence.keys.keeper import Keeper, Settings
from ringfence.keys.ledger import Ledger
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import PURPOSES
from ringfence.keys.rotation import rule_of

ROOT = b"r" * 32
START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Instant:
        return Instant(self.now)


def settings(ahead: float = 600.0) -> Settings:
    return Settings(
        kinds={name: row.kind for name, row in PURPOSES.items()},
        providers=dict.fromkeys(PURPOSES, "local"),
        rules={name: rule_of(name, None, None) for name in PURPOSES},
        publish_ahead=ahead,
        keep_published=3600.0,
    )


def open_keeper(
    folder: Path,
    clock: Clock | None = None,
    emit: Callable[[Event], None] = lambda _: None,
    ahead: float = 600.0,
) -> Keeper:
    """Open the keeper of a folder; a second call is what comes after a restart."""
    ledger = Ledger(folder / "signer.db")
    local = SealedKeys(ROOT, system_random)
    return Keeper(ledger, {"local": local}, settings(ahead), clock or Clock(), system_random, emit)
