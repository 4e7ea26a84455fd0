"""The core rules that a policy names, read from their files."""

from pathlib import Path

from ringfence.gateway.screening.core_rules import core_rules, usable
from ringfence.gateway.screening.pattern import Pattern
from ringfence.policy.model import Policy
from ringfence.policy.places import Places


class NoCoreRules(Exception):
    """The directory that the policy names has none; the message says what is there instead."""


def load_core_rules(policy: Policy, where: Places) -> tuple[tuple[Pattern, ...], tuple[str, ...]]:
    """Return the patterns of the policy's core rules, and the names of those that RE2 does not take; nothing without.

    Raises:
        NoCoreRules: the directory cannot be read, or no rule in it is of use here.
    """
    if not policy.gateway.core_rules:
        return (), ()
    folder = where.file(policy.gateway.core_rules)
    found: list[Pattern] = []
    try:
        for path in _files(folder):
            found += core_rules(path.read_text("utf-8", "replace"))
    except OSError as error:
        raise NoCoreRules(f"{folder} cannot be read: {error.strerror}") from None
    taken, left = usable(tuple(found))
    if not taken:
        raise NoCoreRules(f"{folder} has no rules that can be used")
    return taken, left


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith("REQUEST-") and path.suffix == ".conf")
