"""`ringfence replay`: what another policy would have said to the calls that came."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ringfence.cli.check import print_mistakes
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management
from ringfence.cli.stored_events import stored_events
from ringfence.cli.tables import as_text, print_json
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.gateway.replay import Change, Replay, Replayed
from ringfence.policy.load import PolicyMistakes, load
from ringfence.policy.operations import OperationTable

USUAL: Final = 100_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay", epilog="Example: ringfence replay --policy next.yaml --last 100000")(replay)


def replay(
    policy: Annotated[Path, typer.Option("--policy", help="The policy to try.")],
    running: Annotated[
        Path, typer.Option("--running", help="The policy file of the running Ringfence.", show_default="ringfence.yaml")
    ] = DEFAULT_POLICY,
    last: Annotated[int, typer.Option(min=1, help="So many of the newest events.")] = USUAL,
    as_json: AsJson = False,
) -> None:
    """Decide recorded calls again by another policy, and say for which partner what would change. Changes nothing."""
    try:
        table = load(policy).table
    except PolicyMistakes as mistakes:
        print_mistakes(mistakes)
        raise typer.Exit(REFUSED) from None
    with Management(running) as management:
        found = asyncio.run(_replayed(table, (event for _, event in stored_events(management, last))))
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    _print(found)


async def _replayed(table: OperationTable, events: Iterable[Event]) -> Replayed:
    again = Replay(table)
    for event in events:
        if isinstance(event, CallDecided):
            await again.feed(event)
    return again.result()


def _print(found: Replayed) -> None:
    typer.echo(f"{_count(found.calls)} decided again.")
    for change in found.changes:
        typer.echo(as_text(_sentence(change)))
    if not found.changes:
        typer.echo("Nothing would change.")
    if found.untold:
        typer.echo(
            f"{_count(found.untold)} from before events told scopes and binding: only their operation was looked at."
        )
    for operation, demands, calls in found.unseen:
        typer.echo(as_text(f"{operation} demands {', '.join(demands)}, which events do not tell: {_count(calls)}."))
    typer.echo("A replay cannot know:")
    for what in found.cannot_know:
        typer.echo(f"  {what}")


def _sentence(change: Change) -> str:
    who = f"client {change.client}" if change.client else "without a verified token"
    calls = f"{_count(change.calls)} to {change.operation}"
    if change.kind == "refused":
        return f"{who}: {calls} would be refused ({change.reason}); one is {change.example}"
    return f"{who}: {calls} would no longer be refused ({change.reason}); one is {change.example}"


def _count(calls: int) -> str:
    return f"{calls} call{'' if calls == 1 else 's'}"
