"""The command `ringfence`."""

from typing import Annotated

import typer

from ringfence import __version__
from ringfence.cli import (
    alerts,
    audit,
    blocks,
    cases,
    check,
    clients,
    demo,
    diff,
    events,
    export,
    grants,
    init,
    intelligence,
    keys,
    limits,
    logins,
    metrics,
    proof,
    protect,
    replay,
    responses,
    risk,
    rules,
    run,
    scan,
    schema,
    sessions,
    signals,
    silences,
    simulate,
    token_keys,
    up,
    users,
    watch,
    witness,
)

app = typer.Typer(
    name="ringfence",
    help="Financial-grade API security: authorization server, gateway, keys, detection and evidence in one package.",
    epilog="Start with: ringfence demo    or: ringfence init mybank --openapi bank.yaml --upstream http://127.0.0.1:9000",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (
    demo,
    init,
    check,
    diff,
    schema,
    up,
    run,
    clients,
    users,
    grants,
    sessions,
    token_keys,
    logins,
    metrics,
    keys,
    protect,
    events,
    alerts,
    cases,
    silences,
    blocks,
    responses,
    intelligence,
    limits,
    risk,
    watch,
    export,
    signals,
    rules,
    audit,
    witness,
    simulate,
    proof,
    replay,
    scan,
):
    group.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringfence {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that come before a command."""


def main() -> None:
    """Run the command line."""
    app()
