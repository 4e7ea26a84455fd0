"""`ringfence export`: whether events reach the SIEM, and alerts the people who are to be told."""

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="Events on their way to the SIEM.", epilog="Example: ringfence export status", no_args_is_help=True
)


@_group.callback()
def _group_options() -> None:
    """Keep the group a group while it has one command."""


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="export")


@_group.command(epilog="Example: ringfence export status --json")
def status(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show how far each sink has got, how many events it lacks, and why one takes nothing."""
    with Management(policy) as management:
        items = management.get("/exports")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("sink", "kind", "lag", "at", "failing since", "why", "waiting", "given up", "dropped"),
        (
            (
                i["sink"],
                i["kind"],
                i["lag"],
                moment(i["at"]),
                moment(i["failing_since"]),
                i["failure"] or "–",
                i["waiting"],
                i["given_up"],
                i["dropped"],
            )
            for i in items
        ),
        "The policy names no sink under `export` or `notify`.",
    )
