"""What an attack met: which refusal it had to meet, and which one it did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from ringfence.attacks.target import Target
from ringfence.clock import Seconds, monotonic_seconds

PROBLEM_TYPE_PREFIX: Final = "urn:ringfence:problem:"
"""What the types of problem documents begin with (RFC 9457 §3.1.1)."""


@dataclass(frozen=True)
class Must:
    """The one refusal that counts: another status, or another reason, is a failure of the defence."""

    status: int
    reason: str
    """The last part of the problem's type."""
    at: str = ""
    """JSON pointer of the member that the answer has to name, where it is about one."""


@dataclass(frozen=True)
class Try:
    """One hostile call and its answer."""

    what: str
    must: Must
    status: int
    reason: str
    title: str
    named: tuple[str, ...]
    """The places that the answer names."""
    seconds: Seconds

    @property
    def refused_rightly(self) -> bool:
        """Whether it was refused, and for the reason that it had to be."""
        same = (self.status, self.reason) == (self.must.status, self.must.reason)
        return same and (not self.must.at or self.must.at in self.named)


@dataclass(frozen=True)
class Outcome:
    """All that one attack tried."""

    tries: tuple[Try, ...]
    honest_calls: int = 0
    """Calls among them that were right and had to be answered: as many as the API may have seen."""
    remark: str = ""


@dataclass(frozen=True)
class Attack:
    """One attack."""

    name: str
    title: str
    run: Callable[[Target], Outcome]


def attempt(what: str, must: Must, send: Callable[[], httpx.Response]) -> Try:
    """Send one hostile call and note the answer and the time it took."""
    began = monotonic_seconds()
    response = send()
    return judged(what, must, response, monotonic_seconds() - began)


def judged(what: str, must: Must, response: httpx.Response, seconds: Seconds) -> Try:
    """Return a try from an answer that is already there."""
    problem = _problem(response)
    return Try(
        what=what,
        must=must,
        status=response.status_code,
        reason=str(problem.get("type", "")).removeprefix(PROBLEM_TYPE_PREFIX),
        title=str(problem.get("title", "")),
        named=tuple(str(error.get("at", "")) for error in problem.get("errors", ())),
        seconds=seconds,
    )


def _problem(response: httpx.Response) -> dict[str, Any]:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return {}
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
