"""`ringfence blocks`: keep a network, a customer or a client out for a while, and let it in again."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="What is kept out for a while.",
    epilog="Example: ringfence blocks add network 192.0.2.7 --seconds 3600 --why scanning",
    no_args_is_help=True,
)

Kind = Annotated[str, typer.Argument(help="network, user or client.")]
Value = Annotated[str, typer.Argument(help="An IP address, a user id or a client id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="blocks")


@_group.command("list", epilog="Example: ringfence blocks list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List what is kept out, by when it ends."""
    with Management(policy) as management:
        items = management.get("/blocks")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("kind", "what", "until", "by", "why"),
        ((i["kind"], i["value"], moment(i["until"]), i["by"], i["why"]) for i in items),
        "Nothing is kept out.",
    )


@_group.command(epilog="Example: ringfence blocks add network 192.0.2.7 --seconds 3600 --why scanning")
def add(
    kind: Kind,
    value: Value,
    why: Annotated[str, typer.Option(help="Kept with the block.")],
    seconds: Annotated[int, typer.Option(min=1, help="How long.")] = 3600,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Keep something out: its next call is refused."""
    with Management(policy) as management:
        block = management.post("/blocks", {"kind": kind, "value": value, "seconds": seconds, "why": why})
    typer.echo(f"{block['kind']} {block['value']} is kept out until {moment(block['until'])}.")


@_group.command(epilog="Example: ringfence blocks lift network 192.0.2.7")
def lift(kind: Kind, value: Value, policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Let something in again."""
    with Management(policy) as management:
        block = management.post("/blocks/lift", {"kind": kind, "value": value})
    typer.echo(f"{block['kind']} {block['value']} is let in again.")
