"""Read playbooks: those that we ship, and an operator's own beside or instead of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from ringfence.detect.load import own_files
from ringfence.detect.playbook import Playbook, PlaybookMode, PlaybookStep
from ringfence.detect.rule import seconds
from ringfence.policy.mistakes import Mistake, PolicyMistakes, choose
from ringfence.policy.structure import read_as
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source, read_yaml
from ringfence.store.response_interface import ABOUT, ENDING

MAX_PLAYBOOK_BYTES: Final = 65_536
LONGEST: Final = 30 * 86_400
"""Seconds that a measure may stand."""

SLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("user", "grant", "consent"),
    "client": ("client", "operation", "grant", "consent"),
    "grant": ("grant", "consent"),
    "network": ("network",),
}
"""Limits that slow down with whom."""


def read_playbook(
    raw: bytes, file: str, rules: Collection[str], limits: Collection[str] | None, channels: Collection[str] = ()
) -> Playbook:
    """Return the playbook in a file.

    Args:
        raw: what the file holds.
        file: its name, for mistakes.
        rules: ids of the rules that there are.
        limits: what the policy's limits are `per`; None: not to be held against them.
        channels: names of the policy's channels.

    Raises:
        PolicyMistakes: with file, line, column and what to write instead.
    """
    if len(raw) > MAX_PLAYBOOK_BYTES:
        raise PolicyMistakes([Mistake(file, 0, 0, f"is larger than {MAX_PLAYBOOK_BYTES} bytes")])
    source = read_yaml(raw, file)
    playbook = read_as(source, Playbook)
    mistakes = [*_unknown_rules(playbook, source, rules)]
    for at, step in _steps(playbook):
        mistakes += _step(step, source, at, limits, channels)
    mistakes += _ladder(playbook, source)
    if mistakes:
        raise PolicyMistakes(mistakes)
    return playbook


def shipped_playbooks(rules: Collection[str]) -> tuple[Playbook, ...]:
    """Return the playbooks that come with Ringfence, by id."""
    folder = resources.files("ringfence.detect") / "playbooks"
    found = [
        read_playbook(entry.read_bytes(), entry.name, rules, None)
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    return tuple(sorted(found, key=lambda playbook: playbook.id))


def playbooks_with_own(
    folder: Path | None, rules: Collection[str], limits: Collection[str], channels: Collection[str] = ()
) -> tuple[Playbook, ...]:
    """Return the shipped playbooks with an operator's: one of the same id takes the place of ours.

    Raises:
        PolicyMistakes: every mistake in every file of the folder.
        OSError: the folder cannot be read.
    """
    known = {playbook.id: playbook for playbook in shipped_playbooks(rules)}
    mistakes: list[Mistake] = []
    own: dict[str, str] = {}
    for path in own_files(folder) if folder is not None else ():
        try:
            playbook = read_playbook(path.read_bytes(), str(path), rules, limits, channels)
        except PolicyMistakes as found:
            mistakes.extend(found.mistakes)
            continue
        except OSError as error:
            mistakes.append(Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}"))
            continue
        if playbook.id in own:
            mistakes.append(Mistake(str(path), 0, 0, f"`{playbook.id}` stands in {own[playbook.id]} too", "another id"))
        own[playbook.id] = str(path)
        known[playbook.id] = playbook
    if mistakes:
        raise PolicyMistakes(mistakes)
    return tuple(known[name] for name in sorted(known))


def playbooks_in_force(playbooks: Iterable[Playbook], modes: Mapping[str, PlaybookMode]) -> tuple[Playbook, ...]:
    """Return the playbooks in the modes that the policy sets, without those that are off."""
    chosen = (msgspec.structs.replace(one, mode=modes.get(one.id, one.mode)) for one in playbooks)
    return tuple(one for one in chosen if one.mode != "off")


def _steps(playbook: Playbook) -> Iterator[tuple[At, PlaybookStep]]:
    yield from ((("steps", n), step) for n, step in enumerate(playbook.steps))
    for n, rung in enumerate(playbook.ladder.rungs if playbook.ladder is not None else ()):
        yield from ((("ladder", "rungs", n, "steps", m), step) for m, step in enumerate(rung.steps))


def _ladder(playbook: Playbook, source: Source) -> Iterator[Mistake]:
    if playbook.ladder is None:
        if not playbook.steps:
            yield source.mistake((), "does nothing", "`steps`, a `ladder`, or both")
        return
    if seconds(playbook.ladder.within) > LONGEST:
        yield source.mistake(("ladder", "within"), "remembers longer than 30 days", "at most 30d")
    least = 0.0
    for n, rung in enumerate(playbook.ladder.rungs):
        if rung.from_risk is not None and rung.from_risk <= least:
            problem = "is no more than the risk of a rung below, which would never be reached by it"
            yield source.mistake(("ladder", "rungs", n, "from-risk"), problem, f"above {least}")
        least = max(least, rung.from_risk or 0.0)


def _unknown_rules(playbook: Playbook, source: Source, rules: Collection[str]) -> Iterator[Mistake]:
    for index, name in enumerate(playbook.rules):
        if name not in rules:
            yield source.mistake(("rules", index), f"there is no rule `{name}`", choose(name, list(rules)))


def _step(
    step: PlaybookStep, source: Source, at: At, limits: Collection[str] | None, channels: Collection[str]
) -> Iterator[Mistake]:
    if step.do == "notify":
        yield from _notify(step, source, at, channels)
        return
    if step.channels:
        yield source.mistake((*at, "channels"), f"`{step.do}` tells nobody", "leave it out", key=True)
    if not step.of:
        yield source.mistake(at, f"`{step.do}` does not say to whom", "a member `of`")
    elif step.of not in ABOUT[step.do]:
        fitting = ", ".join(ABOUT[step.do])
        yield source.mistake((*at, "of"), f"`{step.do}` is not about a {step.of}", f"one of: {fitting}")
    if step.do in ENDING and seconds(step.lasts) > LONGEST:
        yield source.mistake((*at, "lasts"), "lasts longer than 30 days", "at most 30d")
    if step.do == "throttle" and limits is not None and not set(SLOWED[step.of]) & set(limits):
        wanted = " or ".join(f"`per: {per}`" for per in SLOWED[step.of])
        yield source.mistake(
            at,
            f"no limit of the policy would slow a {step.of} down",
            f"a limit {wanted}, or another step",
        )


def _notify(step: PlaybookStep, source: Source, at: At, channels: Collection[str]) -> Iterator[Mistake]:
    if step.of:
        yield source.mistake((*at, "of"), "`notify` is about the alert", "leave it out", key=True)
    if not step.channels:
        yield source.mistake(at, "`notify` does not say by which channels", "a member `channels`")
    for number, name in enumerate(step.channels):
        if name not in channels:
            problem = f"the policy has no channel `{name}` under `notify`"
            yield source.mistake((*at, "channels", number), problem, choose(name, sorted(channels)))
