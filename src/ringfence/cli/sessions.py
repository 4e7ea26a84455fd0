"""`ringfence sessions`: who is logged in, and ending a login at once."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="Customers' logins.", epilog="Example: ringfence sessions list --user ann", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="sessions")


@_group.command("list", epilog="Example: ringfence sessions list --user ann --json")
def list_(
    user: Annotated[str, typer.Option(help="Only this customer's: id or login name.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 1000,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List who is logged in, the newest login first."""
    with Management(policy) as management:
        user_id = management.find("users", "user_id", "username", user)["user_id"] if user else ""
        items = management.get("/sessions", user_id=user_id, limit=limit)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("session", "user", "device", "from", "since", "until"),
        (
            (
                s["session_id"],
                s["user_id"],
                s["device"],
                s["network"],
                moment(s["authenticated_at"]),
                moment(s["expires_at"]),
            )
            for s in items
        ),
        "Nobody is logged in.",
    )


@_group.command(epilog="Example: ringfence sessions end sid_… --why 'telephone lost' --with-grants")
def end(
    session: Annotated[str, typer.Argument(help="The session's id.")],
    why: Annotated[str, typer.Option(help="Kept on record.")] = "operator",
    with_grants: Annotated[
        bool, typer.Option("--with-grants", help="Also revoke what was allowed since this login.")
    ] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """End a login: the next call with a token that was given in it is refused, and applications are told."""
    with Management(policy) as management:
        ended = management.post(f"/sessions/{segment(session)}/end", {"why": why, "with_grants": with_grants})
    if as_json:
        print_json(ended)
        return
    typer.echo(f"{ended['session_id']} is ended.")
    for grant in ended["grants_revoked"]:
        typer.echo(f"{grant} is revoked.")
