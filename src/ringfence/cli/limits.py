"""`ringfence limits`: what a client may, and what it has left."""

from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import print_json, print_table

_group = typer.Typer(
    help="How often a client may call.", epilog="Example: ringfence limits show acme", no_args_is_help=True
)

Named = Annotated[str, typer.Argument(help="The client's id or name.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="limits")


@_group.callback()
def _one_command_is_a_group() -> None:
    pass


@_group.command(epilog="Example: ringfence limits show acme --json")
def show(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show each limit of a client and what is left of it now."""
    with Management(policy) as management:
        found = management.find("clients", "client_id", "name", client)
        items = management.get(f"/limits/{segment(found['client_id'])}")["items"]
    if as_json:
        print_json(items)
        return
    columns = ("limit", "kind", "per", "holds", "left", "free again in", "risk", "a call costs")
    print_table(columns, (_row(item) for item in items), "No operation has a limit.")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    holds = f"{item['holds']:,}" + (f", {item['reserve']:,} for payments" if item["reserve"] else "")
    cost = "" if item["cost"] is None else f"{item['cost']:.3g}"
    if item["trust"] is not None and item["trust"] > 1:
        cost += f" (trust {item['trust']:.3g})"
    return (
        item["limit"],
        item["kind"],
        item["operation"] or item["per"],
        holds,
        "shared" if item["left"] is None else f"{item['left']:,}",
        "" if item["free_in"] is None else f"{item['free_in']:,.0f} s",
        "" if item["risk"] is None else f"{item['risk']:.3g}",
        cost,
    )
