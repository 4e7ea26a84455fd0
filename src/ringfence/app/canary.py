"""A canary between processes: one file says which policy is tried on whom; every role that decides reads it.

It is replaced by a rename, so that a role that starts finds it whole, and outlives restarts and reloads. The roles take it
up with their policy, on SIGHUP.
"""

from pathlib import Path

import msgspec
import structlog

from ringfence.app import snapshot
from ringfence.edge.files import replace_file
from ringfence.policy.canary import Canary, held_in_common, sealed_first
from ringfence.policy.canary_counting import counted_together
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.mistakes import Mistake, PolicyMistakes
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import read_yaml
from ringfence.store.private_file import PRIVATE

_log = structlog.get_logger("ringfence.policy")


def canary_file(where: Places) -> Path:
    """Return where the canary of an installation is written down."""
    return snapshot.directory(where) / "canary.json"


def read_canary(where: Places) -> Canary | None:
    """Return the canary under way.

    Raises:
        PolicyMistakes: the file cannot be read.
    """
    file = canary_file(where)
    try:
        return msgspec.json.decode(file.read_bytes(), type=Canary)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        instead = "end it with `ringfence canary abort`"
        raise PolicyMistakes([Mistake(str(file), 0, 0, f"this is no canary: {error}", instead)]) from None


def write_canary(where: Places, canary: Canary) -> None:
    """Write down what the canary is from now on.  Raises OSError."""
    replace_file(canary_file(where), msgspec.json.format(msgspec.json.encode(canary)), PRIVATE)


def end_canary(where: Places) -> None:
    """Write down that there is none any more.  Raises OSError."""
    canary_file(where).unlink(missing_ok=True)


def fits(running: LoadedPolicy, canary: LoadedPolicy, file: Path) -> None:
    """Return if a policy can govern some clients beside the one that governs the rest.

    Args:
        running: governs the rest.
        canary: the other one.
        file: where it stands.

    Raises:
        PolicyMistakes: with all that it changes and cannot.
    """
    source = read_yaml(file.read_bytes(), str(file))
    mine, others = (snapshot.absolute(one.policy, one.places) for one in (canary, running))
    mistakes = [
        *held_in_common(others, mine, source),
        *counted_together(others, mine, source),
        *sealed_first(running.table, canary.table, source),
    ]
    if mistakes:
        raise PolicyMistakes(mistakes)


def beside(running: LoadedPolicy, name: str) -> tuple[Canary, LoadedPolicy] | None:
    """Return the canary that is tried beside a running policy, loaded; None where there is none, or it is the same policy.

    Args:
        running: as a role has loaded it.
        name: what the running policy is called.

    Raises:
        PolicyMistakes: it cannot be used, or not beside this policy.
    """
    canary = read_canary(running.places)
    if canary is None or canary.name == name:
        return None
    loaded = load(Path(canary.policy))
    fits(running, loaded, Path(canary.policy))
    return canary, loaded


def beside_or_none(running: LoadedPolicy, name: str) -> tuple[Canary, LoadedPolicy] | None:
    """Return the same; a canary that cannot be used is told in the log and governs nobody."""
    try:
        return beside(running, name)
    except (PolicyMistakes, OSError) as why:
        _log.error("the canary governs nobody: it cannot be used beside the running policy", why=str(why))
        return None
