"""What the demonstration shows: steps that had to succeed, and attacks that had to fail."""

from dataclasses import dataclass
from typing import Any

from ringfence.attacks.outcome import Outcome, Try
from ringfence.clock import Seconds

MILLIS: float = 1000.0


@dataclass(frozen=True)
class Step:
    """One step of the story."""

    name: str
    title: str
    ok: bool
    status: int
    """HTTP status of its last call; 0 where there was none."""
    detail: str
    seconds: Seconds

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "name": self.name,
            "title": self.title,
            "ok": self.ok,
            "status": self.status,
            "detail": self.detail,
            "ms": round(self.seconds * MILLIS, 1),
        }


@dataclass(frozen=True)
class Assault:
    """One attack, and what the bank noticed of it."""

    name: str
    title: str
    outcome: Outcome
    reached_bank: int
    """Calls that the bank counted meanwhile, those that had to be answered not among them."""
    payments_made: int

    @property
    def ok(self) -> bool:
        """Whether every try was refused for its reason and nothing of it reached the bank."""
        refused = bool(self.outcome.tries) and all(one.refused_rightly for one in self.outcome.tries)
        return refused and self.reached_bank == 0 and self.payments_made == 0

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "name": self.name,
            "title": self.title,
            "ok": self.ok,
            "reached_bank": self.reached_bank,
            "payments_made": self.payments_made,
            "honest_calls": self.outcome.honest_calls,
            "remark": self.outcome.remark,
            "tries": [_try_json(one) for one in self.outcome.tries],
        }


@dataclass(frozen=True)
class Told:
    """The whole story as it went."""

    steps: tuple[Step, ...]
    assaults: tuple[Assault, ...]
    expected_assaults: int
    seconds: Seconds

    @property
    def ok(self) -> bool:
        """Whether everything went as it must; a story that broke off did not."""
        went = all(step.ok for step in self.steps) and all(assault.ok for assault in self.assaults)
        return bool(self.steps) and went and len(self.assaults) == self.expected_assaults

    def as_json(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 2),
            "steps": [step.as_json() for step in self.steps],
            "attacks": [assault.as_json() for assault in self.assaults],
        }


def _try_json(one: Try) -> dict[str, Any]:
    return {
        "what": one.what,
        "ok": one.refused_rightly,
        "expected": {"status": one.must.status, "reason": one.must.reason, "at": one.must.at},
        "status": one.status,
        "reason": one.reason,
        "title": one.title,
        "ms": round(one.seconds * MILLIS, 1),
    }
