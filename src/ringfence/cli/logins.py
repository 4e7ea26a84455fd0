"""`ringfence logins`: answer for an outside login application, to try one out."""

from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table

_group = typer.Typer(
    help="Browsers that wait for your login application (policy `oauth.login_application`).",
    epilog="Example: ringfence logins list",
    no_args_is_help=True,
)

Challenge = Annotated[str, typer.Argument(help="`login_challenge` or `consent_challenge` of the address they came to.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="logins")


@_group.command("list", epilog="Example: ringfence logins list --json")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 1000,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List who waits, newest first. The challenges themselves are known to the browsers alone."""
    with Management(policy) as management:
        items = management.get("/logins", limit=limit)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("since", "until", "kind", "client", "state"),
        (
            (moment(i["created_at"]), moment(i["expires_at"]), i["kind"], i["request"]["client_name"], _state(i))
            for i in items
        ),
        "No browser waits.",
    )


@_group.command(epilog="Example: ringfence logins show qX3…")
def show(challenge: Challenge, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show what a client asks of a customer."""
    with Management(policy) as management:
        found = management.get(f"/logins/{segment(challenge)}")
    if as_json:
        print_json(found)
        return
    print_record({"kind": found["kind"], "expires_at": found["expires_at"], "state": _state(found), **found["request"]})


@_group.command(
    epilog="Example: ringfence logins accept qX3… --subject alice --acr urn:ringfence:acr:password --amr pwd"
)
def accept(
    challenge: Challenge,
    subject: Annotated[str, typer.Option(help="Login: who it is.")] = "",
    name: Annotated[str, typer.Option(help="Login: the name to show.")] = "",
    acr: Annotated[str, typer.Option(help="Login: its class.")] = "",
    amr: Annotated[list[str] | None, typer.Option(help="A method that was used; may be repeated.")] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Say that the customer has logged in, or consented; prints where to send the browser."""
    said = {"subject": subject, "name": name, "acr": acr, "amr": amr or []}
    with Management(policy) as management:
        answered = management.post(f"/logins/{segment(challenge)}/accept", {k: v for k, v in said.items() if v})
    _tell(answered, as_json)


@_group.command(epilog="Example: ringfence logins reject qX3… --error access_denied")
def reject(
    challenge: Challenge,
    error: Annotated[str, typer.Option(help="What the client is told.")] = "access_denied",
    description: Annotated[str, typer.Option(help="In words.")] = "",
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Say that nothing comes of it; prints where to send the browser."""
    body = {"error": error, "error_description": description}
    with Management(policy) as management:
        answered = management.post(f"/logins/{segment(challenge)}/reject", body)
    _tell(answered, as_json)


def _tell(answered: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answered)
    else:
        typer.echo(answered["redirect_to"])


def _state(item: dict[str, Any]) -> str:
    if item["redeemed_at"] is not None:
        return "came back"
    return "waits" if item["answered_at"] is None else "answered"
