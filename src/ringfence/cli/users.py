"""`ringfence users`: customers who log in on the built-in pages."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table

_group = typer.Typer(
    help="Customers who log in on the built-in pages.", epilog="Example: ringfence users list", no_args_is_help=True
)

Named = Annotated[str, typer.Argument(help="The user's id or login name.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="users")


@_group.command(epilog="Example: ringfence users add ann --name 'Ann Andersson'")
def add(
    username: Annotated[str, typer.Argument(help="The login name.")],
    name: Annotated[str, typer.Option(help="What to call the customer.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
    ] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Add a customer. The password is asked for, or read from standard input; never an argument, which others see."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with Management(policy) as management:
        user = management.post("/users", {"username": username, "name": name, "password": password})
    if as_json:
        print_json(user)
    else:
        typer.echo(f"user_id: {user['user_id']}")


@_group.command("list", epilog="Example: ringfence users list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List all customers."""
    with Management(policy) as management:
        items = management.get("/users")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("user", "login name", "name", "status", "since"),
        ((u["user_id"], u["username"], u["name"], u["status"], moment(u["created_at"])) for u in items),
        "There is no customer yet. Add one with: ringfence users add",
    )


@_group.command(epilog="Example: ringfence users show ann")
def show(user: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show one customer."""
    with Management(policy) as management:
        found = _find(management, user)
    (print_json if as_json else print_record)(found)


@_group.command(epilog="Example: ringfence users disable ann")
def disable(user: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Stop a customer until `enable`: no login, and the next call for them is refused."""
    _act(policy, user, "disable", as_json=as_json)


@_group.command(epilog="Example: ringfence users enable ann")
def enable(user: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Let a disabled customer go on."""
    _act(policy, user, "enable", as_json=as_json)


@_group.command(epilog="Example: ringfence users remove-authenticator ann")
def remove_authenticator(user: Named, policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Let a customer who has lost authenticator and recovery codes log in by password, and set up another."""
    with Management(policy) as management:
        user_id = _find(management, user)["user_id"]
        management.post(f"/users/{segment(user_id)}/remove-authenticator")
    typer.echo(f"{user_id} has no authenticator.")


@_group.command(epilog="Example: ringfence users remove ann --yes")
def remove(
    user: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Remove a customer with sessions and grants."""
    with Management(policy) as management:
        found = _find(management, user)
        if not yes:
            typer.confirm(f"Remove {found['username']} ({found['user_id']}) and all their grants?", abort=True)
        management.delete(f"/users/{segment(found['user_id'])}")
    typer.echo(f"{found['user_id']} is removed.")


def _act(policy: Path, user: str, verb: str, *, as_json: bool) -> None:
    with Management(policy) as management:
        user_id = _find(management, user)["user_id"]
        done = management.post(f"/users/{segment(user_id)}/{verb}")
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{user_id} is {done['status']}.")


def _find(management: Management, named: str) -> dict[str, Any]:
    return management.find("users", "user_id", "username", named)
