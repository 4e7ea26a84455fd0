"""Time each step of the story, note how it ended, and show it at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from ringfence.clock import Seconds, monotonic_seconds
from ringfence.demo.partner import Unexpected
from ringfence.demo.processes import StartFailed
from ringfence.demo.results import Assault, Step, Told


class StoryBroke(Exception):
    """A step failed and the rest of the story stands on it; the step itself has been noted."""


@dataclass
class Note:
    """What a step has to say beside its title."""

    detail: str = ""


class Show(Protocol):
    """Where the story is shown while it is told."""

    def chapter(self, title: str) -> None:
        """A new chapter begins."""
        ...

    def step(self, step: Step) -> None:
        """A step has ended."""
        ...

    def assault(self, number: int, assault: Assault) -> None:
        """An attack has ended."""
        ...

    def end(self, told: Told) -> None:
        """The story has ended."""
        ...


class Teller:
    """Collects what happened."""

    def __init__(self, show: Show) -> None:
        """Begin with nothing told."""
        self.show = show
        self._began = monotonic_seconds()
        self._status = 0
        self._tls = ""
        self._steps: list[Step] = []
        self._assaults: list[Assault] = []

    @property
    def tls(self) -> str:
        """The TLS version of the last call, for example `TLSv1.3`."""
        return self._tls

    def heard(self, response: httpx.Response) -> None:
        """Note an answer: the hook of every HTTP client in the story."""
        self._status = response.status_code
        stream = response.extensions.get("network_stream")
        secured = stream.get_extra_info("ssl_object") if stream is not None else None
        self._tls = secured.version() if secured is not None else ""

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[Note]:
        """Do one step; what it raises ends the story.

        Raises:
            StoryBroke: the step did not do what it had to.
        """
        note, began, self._status = Note(), monotonic_seconds(), 0
        try:
            yield note
        except (Unexpected, StartFailed, httpx.HTTPError, LookupError, ValueError, OSError) as error:
            self._noted(self._step(name, title, f"{type(error).__name__}: {error}", began, ok=False))
            raise StoryBroke(title) from error
        self._noted(self._step(name, title, note.detail, began, ok=True))

    def attacked(self, assault: Assault) -> None:
        """Note an attack."""
        self._assaults.append(assault)
        self.show.assault(len(self._assaults), assault)

    def told(self, expected_assaults: int) -> Told:
        """Return everything, and show the end."""
        told = Told(tuple(self._steps), tuple(self._assaults), expected_assaults, _since(self._began))
        self.show.end(told)
        return told

    def _step(self, name: str, title: str, detail: str, began: float, *, ok: bool) -> Step:
        return Step(name=name, title=title, ok=ok, status=self._status, detail=detail, seconds=_since(began))

    def _noted(self, step: Step) -> None:
        self._steps.append(step)
        self.show.step(step)


def _since(began: float) -> Seconds:
    return monotonic_seconds() - began
