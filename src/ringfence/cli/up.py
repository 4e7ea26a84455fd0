"""`ringfence up`: every role on this machine, supervised."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ringfence.policy.load import PolicyMistakes


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", epilog="Example: ringfence up --policy mybank/ringfence.yaml")(up)


def up(policy: Annotated[Path, typer.Option(help="The policy file.")] = Path("ringfence.yaml")) -> None:
    """Start the edge, the gateway workers, the authorization server and the management API, and keep them running.

    SIGTERM or Ctrl-C drains and stops. SIGHUP, or a change of the policy file or an OpenAPI document,
    loads the policy again; if it has mistakes they are printed and the old one stays in force.
    """
    from ringfence.app.up import run_up  # noqa: PLC0415 - only this command needs the whole of it

    console = Console(stderr=True)
    try:
        run_up(policy)
    except PolicyMistakes as mistakes:
        console.print(str(mistakes), markup=False, highlight=False)
        console.print("Nothing was started. `ringfence check` prints this again.")
        raise typer.Exit(1) from None
