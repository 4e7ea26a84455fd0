"""What both sides of a canary count together has to be counted in the same way.

A client has one side, so whatever it alone adds to is read by one policy. What several clients share is read and written
by both: were its unit another on each side (the time that a call takes of a rate, the slots of a window), each would
take the other's count for a wrong one and begin anew, and the limit would hold nobody.
"""

from collections.abc import Iterator
from typing import Final

from ringfence.policy.limits_model import Limit
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Policy
from ringfence.policy.rules import window_of
from ringfence.policy.rules_model import Rule
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

_OWN: Final = frozenset({"client", "operation"})
"""Limits that nobody but one client adds to: an exchanged token acts on the grant and consent of another client's."""

_RENAME: Final = "give it another name, which counts for itself; or change it for all clients at once"


def counted_together(running: Policy, canary: Policy, source: Source) -> Iterator[Mistake]:
    """Yield limits and rules that count what clients of both sides share, and do it in another way in the canary."""
    for name, limit in canary.limits.items():
        before = running.limits.get(name)
        if before is not None and not {before.per, limit.per} & _OWN and _of_limit(before) != _of_limit(limit):
            wrong = f"the limit `{name}` is counted over clients of both policies, in units that the canary changes"
            yield source.mistake(("limits", name), wrong, _RENAME)
    known: dict[str, set[object]] = {}
    for _, rule in _rules(running):
        known.setdefault(rule.name, set()).add(_of_rule(rule))
    for at, rule in _rules(canary):
        way = _of_rule(rule)
        if way is not None and rule.name in known and not known[rule.name] <= {way, None}:
            wrong = f"the rule `{rule.name}` is counted over clients of both policies, in units that the canary changes"
            yield source.mistake(at, wrong, _RENAME)


def _of_limit(limit: Limit) -> object:
    """Return in what a limit counts."""
    if limit.quota is not None:
        return "quota", limit.quota.window, limit.quota.zone
    if limit.in_flight is not None:
        return "in flight", limit.in_flight.lease_seconds
    return limit.rate_per_second, limit.burst, limit.adaptive


def _of_rule(rule: Rule) -> object:
    """Return in what a rule counts; None where it does not, or counts for each client alone."""
    window = window_of(rule)
    if window is None or "client" in window.per:
        return None
    most = None if rule.total is not None or window.rolling_seconds is None else getattr(window, "at_most", None)
    kind = "money" if rule.total is not None else "calls"
    return kind, tuple(window.per), window.window, window.zone, window.rolling_seconds, most


def _rules(policy: Policy) -> Iterator[tuple[At, Rule]]:
    """Yield each rule of a policy with its place."""
    for i, api in enumerate(policy.apis):
        for j, version in enumerate(api.versions):
            at: At = ("apis", i, "versions", j)
            for k, rule in enumerate(version.defaults.rules or ()):
                yield (*at, "defaults", "rules", k), rule
            for name, demands in version.operations.items():
                for k, rule in enumerate(demands.rules or ()):
                    yield (*at, "operations", name, "rules", k), rule
