"""`ringfence up`: a policy comes into force as a whole or not at all, and a canary beside it goes on where it can."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from trying import canary_of, tried

from ringfence.app import snapshot, up
from ringfence.app.canary import read_canary, write_canary
from ringfence.app.roles import Role
from ringfence.app.up import _careful, run_up
from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import PolicyLoaded, RoleExited
from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable


def test_nothing_is_started_or_written_for_a_bad_policy(installation: Path) -> None:
    installation.write_text(installation.read_text().replace("port: 8444", "port: 8443"))
    before = sorted(path.name for path in installation.parent.iterdir())
    with pytest.raises(PolicyMistakes):
        run_up(installation)
    assert sorted(path.name for path in installation.parent.iterdir()) == before


def test_the_supervisor_goes_on_without_an_event_stream() -> None:
    def gone(_: Event) -> None:
        raise Unavailable("disk full")

    emit: Callable[[Event], None] = _careful(gone)
    emit(RoleExited(Instant(0.0), "gateway-0", -9, 0.1))


class Roles:
    """Remembers what was done to them."""

    def __init__(self) -> None:
        self.kept: dict[str, Role] = {}
        self.told: list[str] = []

    def names(self) -> tuple[str, ...]:
        return tuple(self.kept)

    def keep(self, role: Role) -> None:
        self.kept[role.name] = role

    def signal(self, name: str, number: signal.Signals) -> None:
        assert number == signal.SIGHUP
        self.told.append(name)

    async def stop(self, names: Sequence[str], within: float) -> None:
        for name in names:
            self.kept.pop(name)


class Edge:
    """Takes configurations, or refuses them."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.taken = 0

    async def apply(self, *_: Any) -> bool:
        if self.error is not None:
            raise self.error
        self.taken += 1
        return False


async def ready(*_: Any) -> bool:
    return True


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Edge:
    made = Edge()
    monkeypatch.setattr(up, "apply", made.apply)
    monkeypatch.setattr(up, "until", ready)
    return made


class Installed:
    """`ringfence up` without the processes."""

    def __init__(self, file: Path, loaded: LoadedPolicy) -> None:
        self.file = file
        self.up = up._Up(file, loaded)
        self.roles = Roles()
        self.events: list[PolicyLoaded] = []
        self.up._supervisor = self.roles  # type: ignore[assignment]
        self.up._emit = self.events.append  # type: ignore[assignment]
        self.where = loaded.places
        self.current = snapshot.accept(loaded)
        for name in ("admin", "gateway-0", "oauth"):
            self.roles.keep(Role(name, (), reloads=True))

    def running(self) -> str:
        return self.current.resolve().parent.name


@pytest.fixture
def installed(installation: Path, loaded: LoadedPolicy, edge: Edge) -> Installed:
    return Installed(installation, loaded)


def change(file: Path, old: str = "See things", new: str = "See all things") -> str:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return snapshot.name_of(load(file))


async def test_a_good_policy_is_told_to_every_role(installed: Installed) -> None:
    name = change(installed.file)
    await installed.up._reload()
    assert installed.running() == name
    assert {"admin", "gateway-0", "oauth"} <= set(installed.roles.told)
    assert (installed.events[-1].accepted, installed.events[-1].digest[:16]) == (True, name)


@pytest.mark.parametrize(
    "error", [Refused(Reason.POLICY_INVALID, "the edge", private="port taken"), OSError("no space left")]
)
async def test_where_the_edge_does_not_take_its_part_nobody_is_told_and_the_old_policy_stays(
    installed: Installed, edge: Edge, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    before, loaded = installed.running(), installed.up._loaded
    edge.error = error
    name = change(installed.file)
    await installed.up._reload()
    assert (installed.running(), installed.up._loaded, installed.roles.told) == (before, loaded, [])
    assert not installed.events[-1].accepted
    assert "cannot be put in force" in installed.events[-1].mistakes[0]
    assert "cannot be put in force" in capsys.readouterr().err
    edge.error = None
    await installed.up._reload()
    assert installed.running() == name


async def test_a_copy_that_cannot_be_made_leaves_the_edge_alone_too(
    installed: Installed, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: LoadedPolicy) -> Path:
        raise OSError("no space left on device")

    before = installed.running()
    change(installed.file)
    monkeypatch.setattr(snapshot, "keep", full)
    await installed.up._reload()
    assert (installed.running(), edge.taken, installed.roles.told) == (before, 0, [])
    assert not installed.events[-1].accepted


async def test_what_is_written_about_a_canary_is_told_to_who_decides(installed: Installed) -> None:
    write_canary(installed.where, canary_of(tried(installed.file), installed.up._loaded))
    await installed.up._follow_canary()
    assert installed.roles.told == ["admin", "gateway-0"]
    assert installed.events == []


async def test_a_canary_goes_on_beside_a_changed_policy_or_is_ended_where_it_cannot(installed: Installed) -> None:
    canary = canary_of(tried(installed.file), installed.up._loaded)
    write_canary(installed.where, canary)
    change(installed.file, "scopes: [things]", "scopes: [things], max_body_bytes: 5")
    await installed.up._reload()
    assert read_canary(installed.where) == canary
    change(installed.file)
    await installed.up._reload()
    assert read_canary(installed.where) is None
    refused, accepted = installed.events[-2:]
    assert (refused.accepted, accepted.accepted) == (False, True)
    assert "`oauth.scopes.things` holds for every client alike" in refused.mistakes[0]


async def test_a_canary_whose_copy_is_not_forgotten_however_many_policies_follow(installed: Installed) -> None:
    canary = canary_of(tried(installed.file), installed.up._loaded)
    write_canary(installed.where, canary)
    for size in range(20, 20 + snapshot.KEPT + 3):
        old = "scopes: [things]" if size == 20 else f"max_body_bytes: {size - 1}"
        new = f"scopes: [things], max_body_bytes: {size}" if size == 20 else f"max_body_bytes: {size}"
        change(installed.file, old, new)
        await installed.up._reload()
    assert load(Path(canary.policy)).table.operations[0].demands.max_body_bytes == 9


async def test_a_promoted_canary_holds_for_everybody(installed: Installed) -> None:
    file = tried(installed.file)
    canary, text = canary_of(file, installed.up._loaded), file.read_text()
    write_canary(installed.where, msgspec.structs.replace(canary, promote=True))
    await installed.up._follow_canary()
    assert installed.running() == canary.name
    assert read_canary(installed.where) is None
    assert installed.file.read_text() == text
    assert [event.accepted for event in installed.events] == [True]
    assert installed.roles.told


async def test_a_canary_that_cannot_be_promoted_goes_on_and_says_why(installed: Installed, edge: Edge) -> None:
    canary = canary_of(tried(installed.file), installed.up._loaded)
    asked = msgspec.structs.replace(canary, promote=True)
    old, before = installed.file.read_text(), installed.running()
    edge.error = Refused(Reason.POLICY_INVALID, "the edge")
    write_canary(installed.where, asked)
    await installed.up._follow_canary()
    assert (installed.running(), installed.file.read_text()) == (before, old)
    standing = read_canary(installed.where)
    assert standing is not None
    assert (standing.promote, "it was not taken" in standing.refused) == (False, True)
    edge.error = None
    write_canary(installed.where, asked)
    change(installed.file)
    await installed.up._follow_canary()
    standing = read_canary(installed.where)
    assert standing is not None
    assert "has changed since the canary began" in standing.refused
    assert installed.running() == before


async def test_saving_the_canarys_text_over_the_policy_file_promotes_it_as_well(installed: Installed) -> None:
    file = tried(installed.file)
    write_canary(installed.where, canary_of(file, installed.up._loaded))
    installed.file.write_text(file.read_text())
    await installed.up._reload()
    assert read_canary(installed.where) is None
    assert installed.running() == snapshot.name_of(load(file))
