"""Put the demonstration on: write the installation, start it, tell the story, and end everything again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringfence.attacks.outcome import Attack
from ringfence.clock import Clock
from ringfence.demo.cast import Cast
from ringfence.demo.installation import CreateKeys, Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.processes import Processes
from ringfence.demo.results import Told
from ringfence.demo.story import Stage, tell
from ringfence.demo.teller import Show, StoryBroke, Teller
from ringfence.ids import Random

WATCHING: Final = """
# What `ringfence simulate --attack stuffing --against` this policy sets off. The story itself raises none of it.
watch:
  modes: {credential-stuffing-succeeded: enforce}
  playbook_modes: {password-guessing: "on", account-taken: "on"}
"""


@dataclass(frozen=True)
class Means:
    """What the demonstration needs from outside."""

    clock: Clock
    random: Random
    create_keys: CreateKeys


Stay = Callable[[Installation, Cast], None]
"""Called while everything still runs, after a story that went well."""


def play(
    directory: Path, show: Show, attacks: Sequence[Attack], means: Means, stay: Stay | None = None
) -> tuple[Told, str]:
    """Play everything in an empty directory.

    Returns:
        What happened, and the ends of the logs where something went wrong, else "".
    """
    teller = Teller(show)
    show.chapter("Everything starts, on this machine")
    with Processes(directory / "logs") as processes:
        try:
            with teller.step("start", "A bank, the edge, two gateway workers and the authorization server start"):
                installation = write_installation(directory, means.clock(), means.create_keys, WATCHING, by_risk=True)
                start(installation, processes)
        except StoryBroke:
            return teller.told(len(attacks)), ""
        with (
            Management(installation.admin_socket) as management,
            installation.http() as http,
            installation.http() as browser,
        ):
            stage = Stage(installation, management, http, browser, means.clock, means.random)
            cast = tell(stage, teller, attacks)
            told = teller.told(len(attacks))
            if told.ok and cast is not None and stay is not None:
                stay(installation, cast)
        return told, "" if told.ok else processes.tails()
