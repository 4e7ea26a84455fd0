"""`ringfence grants`: what customers allowed, and taking it back."""

from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table

_group = typer.Typer(
    help="What customers allowed clients to do.",
    epilog="Example: ringfence grants list --client Acme",
    no_args_is_help=True,
)

GrantId = Annotated[str, typer.Argument(help="The grant's id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="grants")


@_group.command("list", epilog="Example: ringfence grants list --client Acme --json")
def list_(
    client: Annotated[str, typer.Option(help="Only this client's: id or name.")] = "",
    user: Annotated[str, typer.Option(help="Only this customer's: id or login name.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 1000,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List grants, newest first."""
    with Management(policy) as management:
        client_id = management.find("clients", "client_id", "name", client)["client_id"] if client else ""
        user_id = management.find("users", "user_id", "username", user)["user_id"] if user else ""
        items = management.get("/grants", client_id=client_id, user_id=user_id, limit=limit)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("grant", "client", "user", "scopes", "since", "until", "revoked"),
        (
            (
                g["grant_id"],
                g["client_id"],
                g["user_id"] or "–",
                g["scopes"],
                moment(g["created_at"]),
                moment(g["expires_at"]),
                _revoked(g),
            )
            for g in items
        ),
        "There is no such grant.",
    )


@_group.command(epilog="Example: ringfence grants show grant_…")
def show(grant: GrantId, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show one grant."""
    with Management(policy) as management:
        found = management.get(f"/grants/{segment(grant)}")
    (print_json if as_json else print_record)(found)


@_group.command(epilog="Example: ringfence grants revoke grant_… --why 'customer called'")
def revoke(
    grant: GrantId,
    why: Annotated[str, typer.Option(help="Kept with the grant.")] = "operator",
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Revoke a grant: its refresh tokens are dead, and the next call with one of its access tokens is refused."""
    with Management(policy) as management:
        revoked = management.post(f"/grants/{segment(grant)}/revoke", {"why": why})
    if as_json:
        print_json(revoked)
    else:
        typer.echo(f"{revoked['grant_id']} is revoked.")


def _revoked(grant: dict[str, Any]) -> str:
    if grant["revoked_at"] is None:
        return "–"
    return f"{moment(grant['revoked_at'])} {grant['revoked_why']}"
