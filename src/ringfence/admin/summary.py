"""What has been counted, as a person wants to see it: read back from the registry, so that both say the same."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import msgspec

from ringfence.admin.measures import Samples, States

MOST_ROWS: Final = 20
"""Of each list, those with the most calls."""


class OperationRow(msgspec.Struct, frozen=True):
    """One operation's calls; a call that met no operation has the name `""`."""

    operation: str
    allowed: int
    refused: int
    gateway_ms: float
    """Bound under which 95 of 100 calls' own time lies, in ms; infinite beyond the last bound."""
    upstream_ms: float


class CountRow(msgspec.Struct, frozen=True):
    """How often something came."""

    what: str
    count: int


class Summary(msgspec.Struct, frozen=True):
    """Since the start of the process that counts."""

    operations: tuple[OperationRow, ...]
    refusals: tuple[CountRow, ...]
    """Calls by reason."""
    clients: tuple[CountRow, ...]
    logins: tuple[CountRow, ...]
    token_requests: tuple[CountRow, ...]
    alerts: tuple[CountRow, ...]
    restarts: tuple[CountRow, ...]
    states: States


Rows = list[tuple[Mapping[str, str], float]]


def summary(samples: Samples, states: States) -> Summary:
    """Return the picture."""
    calls = samples["ringfence_calls_total"]
    return Summary(
        operations=_operations(calls, samples),
        refusals=_counts([s for s in calls if s[0]["outcome"] == "refused"], "reason"),
        clients=_counts(samples["ringfence_client_calls_total"], "client"),
        logins=_counts(samples["ringfence_logins_total"], "outcome", "reason"),
        token_requests=_counts(samples["ringfence_token_requests_total"], "endpoint", "outcome", "reason"),
        alerts=_counts(samples["ringfence_alerts_total"], "level", "rule"),
        restarts=_counts(samples["ringfence_role_restarts_total"], "role"),
        states=states,
    )


def _operations(calls: Rows, samples: Samples) -> tuple[OperationRow, ...]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"allowed": 0, "refused": 0})
    for labels, value in calls:
        counts[labels["operation"]][labels["outcome"]] += int(value)
    own, upstream = (_bounds(samples[f"ringfence_{name}_seconds_bucket"]) for name in ("gateway", "upstream"))
    rows = (
        OperationRow(name, both["allowed"], both["refused"], own.get(name, 0.0), upstream.get(name, 0.0))
        for name, both in counts.items()
    )
    return tuple(sorted(rows, key=lambda row: -(row.allowed + row.refused))[:MOST_ROWS])


def _bounds(buckets: Rows) -> dict[str, float]:
    """Return each operation's bound in ms under which 95 of 100 lie."""
    by_name: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for labels, value in buckets:
        by_name[labels["operation"]].append((float(labels["le"]), value))
    return {
        name: next(bound for bound, count in sorted(rows) if count >= 0.95 * max(c for _, c in rows)) * 1000
        for name, rows in by_name.items()
    }


def _counts(samples: Rows, *labels: str) -> tuple[CountRow, ...]:
    found: dict[str, int] = defaultdict(int)
    for told, value in samples:
        found[" ".join(told[name] for name in labels if told[name])] += int(value)
    rows = (CountRow(what, count) for what, count in found.items() if count)
    return tuple(sorted(rows, key=lambda row: (-row.count, row.what))[:MOST_ROWS])
