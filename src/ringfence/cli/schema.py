"""`ringfence schema`: the policy file's form, for editors and for people."""

import json
from typing import Annotated

import typer

from ringfence.policy.manual import manual
from ringfence.policy.schema import policy_schema


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema", epilog="Example: ringfence schema > ringfence.schema.json")(schema)


def schema(
    as_manual: Annotated[bool, typer.Option("--manual", help="Print the manual page in Markdown instead.")] = False,
) -> None:
    """Print the JSON Schema of the policy file, or its manual page."""
    typer.echo(manual() if as_manual else json.dumps(policy_schema(), ensure_ascii=False, indent=2), nl=not as_manual)
