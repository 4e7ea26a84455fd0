"""`ringfence intelligence`: how feeds of threat intelligence are, and what they say of an address."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table
from ringfence.clock import system_clock
from ringfence.intel.indicator import Malformed
from ringfence.intel.read import read
from ringfence.policy.intelligence_model import Feed

_group = typer.Typer(
    help="Feeds of threat intelligence.", epilog="Example: ringfence intelligence list", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="intelligence")


@_group.command("list", epilog="Example: ringfence intelligence list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List feeds: how much of each is in force, since when, and why one did not come."""
    with Management(policy) as management:
        items = management.get("/intelligence")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("feed", "action", "entries", "skipped", "came", "why it did not come", "first mistake"),
        (
            (
                i["feed"],
                i["action"],
                i["entries"],
                i["skipped"],
                moment(i["came_at"]),
                i["failure"] or "–",
                i["mistake"] or "–",
            )
            for i in items
        ),
        "The policy names no feed under `intelligence`.",
    )


@_group.command(epilog="Example: ringfence intelligence about 203.0.114.7")
def about(
    address: Annotated[str, typer.Argument(help="An IP address.")],
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Show which feeds name an address, and what is done about callers from there."""
    with Management(policy) as management:
        found = management.get(f"/intelligence/about/{address}")
    if as_json:
        print_json(found)
        return
    if not found["feeds"]:
        typer.echo(f"No feed names {address}.")
        return
    typer.echo(f"{address} is named by {', '.join(found['feeds'])}: {found['action']}.")


@_group.command(epilog="Example: ringfence intelligence refresh")
def refresh(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Have every feed taken anew now; `list` shows what came of it."""
    with Management(policy) as management:
        management.post("/intelligence/refresh", {})
    typer.echo("Asked. See: ringfence intelligence list")


@_group.command("try", epilog="Example: ringfence intelligence try feeds/list.txt --format list")
def try_(
    file: Annotated[Path, typer.Argument(help="A feed's document.", exists=True, dir_okay=False)],
    form: Annotated[str, typer.Option("--format", help="list, csv, misp, stix, taxii or crawlers.")] = "list",
    about_: Annotated[str, typer.Option("--about", help="network or user-agent.")] = "network",
    network_column: Annotated[str, typer.Option(help="Of CSV.")] = "",
    confidence_column: Annotated[str, typer.Option(help="Of CSV.")] = "",
    as_json: AsJson = False,
) -> None:
    """Read a document as a feed and say what would be in force, without touching anything."""
    said = {"path": str(file), "format": form, "about": about_}
    said |= {"network_column": network_column, "confidence_column": confidence_column}
    try:
        feed = msgspec.convert(said, Feed)
        now = system_clock()
        found = read(feed, [file.read_bytes()], now, now)
    except (msgspec.ValidationError, Malformed, OSError) as why:
        typer.echo(f"{file}: {why}", err=True)
        raise typer.Exit(1) from None
    entries = len(found.indicators) + len(found.agents)
    if as_json:
        print_json({"entries": entries, "skipped": found.skipped, "mistake": found.mistake})
        return
    typer.echo(f"{entries} entries would be in force, {found.skipped} would be skipped.")
    if found.mistake:
        typer.echo(f"First mistake: {found.mistake}")
