"""`ringfence token-keys`: the keys that tokens are signed with, and believing one no more."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="The keys that tokens are signed with.", epilog="Example: ringfence token-keys list", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="token-keys")


@_group.command("list", epilog="Example: ringfence token-keys list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List the keys that are published or revoked."""
    with Management(policy) as management:
        items = management.get("/token-keys")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("kid", "published", "revoked", "why"),
        ((k["kid"], "yes" if k["published"] else "no", moment(k["revoked_at"]), k["why"] or "–") for k in items),
        "No key is published yet.",
    )


@_group.command(epilog="Example: ringfence token-keys revoke 0vx7agoe… --why 'a copy was found' --yes")
def revoke(
    kid: Annotated[str, typer.Argument(help="The key's id.")],
    why: Annotated[str, typer.Option(help="Kept on record.")] = "operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Believe a key no more, for good: the next call with any token that it signed is refused."""
    with Management(policy) as management:
        if not yes:
            typer.confirm(f"Refuse every token that {kid} has signed or will sign, for good?", abort=True)
        revoked = management.post(f"/token-keys/{segment(kid)}/revoke", {"why": why})
    if as_json:
        print_json(revoked)
        return
    typer.echo(f"{revoked['kid']} is revoked.")
    if revoked["published"]:
        typer.echo("It still signs: put another key in its place and restart, or no new token works either.")
