"""What a decision in Cedar costs, in CPU time: the whole step of the chain, by the number of policies.

`python -m bench.cedar` runs it. The policies are of the kinds in docs/cedar.md; all but the first few forbid single clients.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import cedarpy
from rich.console import Console
from rich.table import Table

from ringfence.clock import Instant
from ringfence.gateway.permit import permit
from ringfence.gateway.ports import NoCountries
from ringfence.gateway.stages import Constrained
from ringfence.policy.cedar import Cedar
from tests.cedar_page import CEDAR, constrained, written_policy

POLICIES: Final = (6, 20, 100, 500)
ROUNDS: Final = 7
CALLS: Final = 1000
NOW: Final = Instant(1_800_000_000.0)
ONE: Final = """
@id("not-{i}") forbid (principal, action, resource) when {{ context.client == Client::"partner-{i}" }};"""


def us_a_call(call: Constrained, cedar: Cedar | None) -> float:
    """Return the median over rounds of the CPU time that the step takes, in µs."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            permit(call, cedar, NoCountries(), NOW)
        rounds.append((time.process_time() - began) / CALLS * 1e6)
    return statistics.median(rounds)


def main() -> None:
    """Measure, and print a table."""
    table = Table("policies", "µs a call", "of it in the engine", title="Decisions in Cedar")
    for count in (0, *POLICIES):
        with tempfile.TemporaryDirectory() as directory:
            more = "".join(ONE.format(i=i) for i in range(count - 6))
            loaded = written_policy(Path(directory), CEDAR + more if count else "")
            call = constrained(loaded, {}, NOW)
            whole, engine = us_a_call(call, loaded.cedar), 0.0
            if loaded.cedar is not None:
                engine = _engine_us(loaded.cedar)
            table.add_row(str(count), f"{whole:.1f}", f"{engine:.1f}")
    Console().print(table)


def _engine_us(cedar: Cedar) -> float:
    """Return what the engine takes for a question of the same kind that is asked ready made, CPU time in µs."""
    asked = {
        "principal": {"type": "User", "id": "u"},
        "action": {"type": "Action", "id": "bank/v1/CreatePayment"},
        "resource": {"type": "Api", "id": "bank/v1"},
        "context": {
            "scopes": ["pay"],
            "client": {"__entity": {"type": "Client", "id": "c"}},
            "amount_minor": 1000,
            "currency": "GBP",
            "debtor": {"__entity": {"type": "Account", "id": "a"}},
            "login_age": 3600,
            "network": {"__extn": {"fn": "ip", "arg": "192.0.2.7"}},
        },
    }
    began = time.process_time()
    for _ in range(CALLS):
        answer = cedarpy.is_authorized(asked, cedar.policies, cedar.entities, cedar.schema)
    if not answer.allowed:
        raise SystemExit(f"not what was to be measured: {answer.diagnostics.errors}")
    return (time.process_time() - began) / CALLS * 1e6


if __name__ == "__main__":
    main()
