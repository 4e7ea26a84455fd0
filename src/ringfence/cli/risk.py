"""`ringfence risk`: what the watch has against somebody, and forgetting it."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="What the watch has against a customer, a client, a grant, a network or a login name.",
    epilog="Example: ringfence risk show network:192.0.2.7",
    no_args_is_help=True,
)

Entity = Annotated[
    str, typer.Argument(help="user:ID, client:ID, grant:ID, network:ADDRESS or name:HASH, the username_hash of events.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="risk")


@_group.command(epilog="Example: ringfence risk show user:user_… --json")
def show(entity: Entity, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show how much speaks against somebody, and what."""
    with Management(policy) as management:
        found = management.post("/risk/show", _asked(entity))
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['kind']} {found['value']}: risk {found['score']:.2f}")
    print_table(
        ("reason", "weight now", "seen", "forgotten"),
        ((a["reason"], f"{a['weight']:.2f}", moment(a["at"]), moment(a["until"])) for a in found["against"]),
        "Nothing speaks against it.",
    )


@_group.command(epilog="Example: ringfence risk clear user:user_… --why 'it was the customer'")
def clear(
    entity: Entity,
    why: Annotated[str, typer.Option(help="Kept with the event.")],
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Forget what was seen of somebody until now; what is seen from now on counts."""
    with Management(policy) as management:
        found = management.post("/risk/clear", {**_asked(entity), "why": why})
    typer.echo(f"{found['kind']} {found['value']}: the risk was {found['score']:.2f} and is cleared.")


def _asked(entity: str) -> dict[str, str]:
    kind, separator, value = entity.partition(":")
    if not separator or not value:
        raise typer.BadParameter("write kind and name with a colon between them, as in network:192.0.2.7")
    return {"kind": kind, "value": value}
