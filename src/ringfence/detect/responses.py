"""What is done about an alert without a person: acts that end by themselves or can be taken back.

An act names what it is about by the alert's own group or context, never by anything that a caller
chose freely. A client is kept out only when two different rules speak against it.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from ringfence.detect.alert import Alert
from ringfence.detect.risk import ANOMALIES
from ringfence.detect.rule import Rule, seconds

WITNESS_SECONDS: Final = 3600.0
"""How long an alert of another rule counts as the second one against a client."""


class Act(msgspec.Struct, frozen=True):
    """One thing to do."""

    kind: str
    """`block` or `revoke`; of playbooks also `step-up`, `throttle`, `end-logins`, `suspend`, `open-case` and `notify`."""
    what: str
    """`network`, `user`, `client` or `grant`; of `notify`, `channel`."""
    value: str
    seconds: int = 0
    """How long it stands; 0: until somebody takes it back."""
    factor: float = 1.0
    """Of a throttle."""
    playbook: str = ""
    """Whose step it is; empty: the rule's own."""
    hold: bool = False
    """Only a person lets it go ahead."""
    dry_run: bool = False
    """Only written down."""


def acts_for(rule: Rule, alert: Alert, others: Sequence[Alert]) -> tuple[Act, ...]:
    """Return what an alert calls for; nothing unless its rule is enforced.

    Args:
        rule: the rule that raised it, in the mode that is in force.
        alert: what was seen.
        others: further alerts of the last hour.
    """
    if rule.mode != "enforce":
        return ()
    stands = seconds(rule.block_for)
    found = []
    for response in rule.responses:
        act = _RESPONSES[response](alert, stands, others)
        if act is not None and act not in found:
            found.append(act)
    return tuple(found)


def _network(alert: Alert, stands: int, _: Sequence[Alert]) -> Act | None:
    network = alert.group.get("network", "")
    return Act("block", "network", network, stands) if network else None


def _user(alert: Alert, stands: int, _: Sequence[Alert]) -> Act | None:
    user = alert.group.get("user", "") or alert.context.get("user", "")
    return Act("block", "user", user, stands) if user else None


def _grant(alert: Alert, _stands: int, _: Sequence[Alert]) -> Act | None:
    grant = alert.group.get("grant", "") or alert.context.get("grant", "")
    return Act("revoke", "grant", grant) if grant else None


def _client(alert: Alert, stands: int, others: Sequence[Alert]) -> Act | None:
    client = alert.group.get("client", "")
    return Act("block", "client", client, stands) if client and has_second_rule(alert, others) else None


def has_second_rule(alert: Alert, others: Sequence[Alert]) -> bool:
    """Say whether another rule speaks against the alert's client too."""
    client = alert.group.get("client", "")
    return any(
        other.rule != alert.rule
        and other.rule not in ANOMALIES  # two rules or a person: an anomaly is neither
        and other.mode != "shadow"
        and other.group.get("client", "") == client
        and abs(other.at - alert.at) <= WITNESS_SECONDS
        for other in others
    )


_RESPONSES: Final[dict[str, Callable[[Alert, int, Sequence[Alert]], Act | None]]] = {
    "block-network": _network,
    "block-user": _user,
    "revoke-grant": _grant,
    "block-client": _client,
}
