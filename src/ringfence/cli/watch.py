"""`ringfence watch`: how far anomaly detection can be believed, and what it has learned as a file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ringfence.app.baseline import NothingLearned, save_baseline
from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table
from ringfence.store.interface import Unavailable

_group = typer.Typer(
    help="Anomaly detection: its budget, what it has raised, and whether its assumptions hold.",
    epilog="Example: ringfence watch status",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="watch")


@_group.command(epilog="Example: ringfence watch status --json")
def status(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show the budget, the alarms of the last day, and what they rest on."""
    with Management(policy) as management:
        found = management.get("/watch")
    if as_json:
        print_json(found)
        return
    learning = found["learning_days_left"]
    typer.echo(f"until {moment(found['at'])}: {found['told']} alarms in the last day, budget {found['budget']:g}")
    typer.echo(f"{found['found']} found in all, {found['overflowed']} of them told in a digest only")
    if learning:
        typer.echo(f"still learning for {learning:.1f} days: nothing is told before")
    typer.echo(
        f"{found['entities']} entities remembered, {found['forgotten']} forgotten; {found['windows_a_day']:,.0f} windows a"
        f" day; an alarm at log evidence {found['log_c']:.1f}, {found['raised']:.1f} of it by the controller"
    )
    print_table(
        ("kind", "calibration", "age in days", "p from uniform", "rho of calls"),
        (
            (kind, f"{of['calibration']:.0f}", f"{of['age_days']:.0f}", f"{of['uniformity']:.3f}", f"{of['rho']:.2f}")
            for kind, of in found["kinds"].items()
        ),
        "Nothing is known.",
    )


@_group.command(epilog="Example: ringfence watch save usual.baseline")
def save(
    file: Annotated[Path, typer.Argument(help="Where to write it. It names customers: keep it as you keep events.")],
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Write what is usual to a file that `watch.anomalies.baseline` of a policy can name."""
    try:
        header = asyncio.run(save_baseline(policy, file))
    except NothingLearned:
        typer.echo("The watch has learned nothing yet.", err=True)
        raise typer.Exit(1) from None
    except (OSError, Unavailable) as why:
        typer.echo(f"Not written: {why}", err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{header.entities} entities, from {moment(header.trained_from)} until {moment(header.trained_until)},"
        f" version {header.version}, SHA-256 {header.sha256}"
    )
