"""`ringfence diff`: what a newer policy demands more, and what less."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from ringfence.cli.check import print_mistakes
from ringfence.cli.connection import REFUSED, AsJson
from ringfence.cli.tables import as_text, print_json
from ringfence.policy.diff import compare
from ringfence.policy.difference import STOPS
from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load

LOOSER: Final = 3
"""Exit code: something becomes looser, or might."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff", epilog="Example: ringfence diff ringfence.yaml next.yaml")(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="The policy that is in force.")],
    new: Annotated[Path, typer.Argument(help="The policy that is to follow.")],
    as_json: AsJson = False,
) -> None:
    """Say what becomes stricter, looser and other from one policy to another, their OpenAPI documents included.

    Exits with 3 if something becomes looser or might (`unclear`), with 0 if nothing does, with 1 if a policy has mistakes.
    """
    found = compare(_loaded(old), _loaded(new))
    if as_json:
        print_json([msgspec.to_builtins(difference) for difference in found])
    else:
        for one in found:
            typer.echo(f"{one.direction:<8}  {as_text(one.place)}  {as_text(one.what)}")
        if not found:
            typer.echo("The policies are the same.")
    if any(one.direction in STOPS for one in found):
        raise typer.Exit(LOOSER)


def _loaded(path: Path) -> LoadedPolicy:
    try:
        return load(path, keep=True)
    except PolicyMistakes as mistakes:
        print_mistakes(mistakes)
        raise typer.Exit(REFUSED) from None
