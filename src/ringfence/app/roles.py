"""Which processes one machine runs, and with what command."""

import sys
from pathlib import Path

import msgspec

from ringfence.edge.process import envoy_command, threads_for
from ringfence.policy.exports import sink_names
from ringfence.policy.model import Policy
from ringfence.policy.places import Places


class Role(msgspec.Struct, frozen=True):
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    reloads: bool
    """Reads the policy again on SIGHUP. The edge does not: it watches its own files."""


def roles(policy: Policy, where: Places, policy_file: Path) -> tuple[Role, ...]:
    """Return the roles of a policy in the order in which they are started."""
    exporting = ["export"] if sink_names(policy) else []
    feeds = ["intelligence"] if policy.intelligence.feeds else []
    workers = [f"gateway-{n}" for n in range(policy.gateway.workers)]
    ours = ["signer", "audit", "oauth", "admin", "watch", *exporting, *feeds, *workers]
    edge = envoy_command(where, threads_for(policy.gateway.workers), policy.gateway.drain_seconds)
    return (
        *(
            Role(name, (sys.executable, "-m", "ringfence.app.role", name, str(policy_file), "--child"), reloads=True)
            for name in ours
        ),
        Role("edge", tuple(edge), reloads=False),
    )
