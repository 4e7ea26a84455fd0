"""`ringfence run ROLE`: one role alone, as `ringfence up` starts it and as a fleet does."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ringfence.app.role import is_role


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run", epilog="Example: ringfence run gateway-0 --policy ringfence.yaml")(run)


def run(
    role: Annotated[
        str,
        typer.Argument(
            help="signer, audit, oauth, admin, watch, export or gateway-N, where N is the worker's number from 0."
        ),
    ],
    policy: Annotated[Path, typer.Option(help="The policy file.")] = Path("ringfence.yaml"),
) -> None:
    """Run one role of the policy in this process until SIGTERM."""
    if not is_role(role):
        raise typer.BadParameter("use signer, audit, oauth, admin, watch, export or gateway-N, for example gateway-0")
    # The role's process is a fresh one: it carries nothing of the command line.
    os.execv(sys.executable, [sys.executable, "-m", "ringfence.app.role", role, str(policy)])  # noqa: S606 - our own interpreter
