"""`ringfence demo`: a bank, two partners, a customer and thirteen attacks, on this machine."""

import signal
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer
from rich.console import Console

from ringfence.clock import system_clock
from ringfence.ids import system_random

if TYPE_CHECKING:
    from ringfence.demo.cast import Cast
    from ringfence.demo.installation import Installation

INTERRUPTED: Final = 130
"""128 and SIGINT's number, as shells have it."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", epilog="Example: ringfence demo    or, to try calls of your own: ringfence demo --keep")(demo)


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running until Ctrl-C and say how to call it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what happened as JSON and nothing else.")] = False,
    directory: Annotated[
        Path | None,
        typer.Option(help="Where to write the installation; it stays there. Default: a temporary directory."),
    ] = None,
) -> None:
    """Start a demo bank behind Ringfence, let a partner read and pay, and attack it in thirteen ways.

    Everything runs on this machine, on free ports, and is ended and removed afterwards. The exit code is 0
    only if every step succeeded and every attack was refused for the reason that it had to be.
    """
    # An error like Ctrl-C, so that what was started is ended and the directory removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(stderr=json, highlight=False)
    try:
        if directory is not None:
            good = _play(_empty(directory), console, keep=keep, json=json)
        else:
            with tempfile.TemporaryDirectory(prefix="ringfence-demo-") as temporary:
                good = _play(Path(temporary), console, keep=keep, json=json)
    except KeyboardInterrupt:
        console.print("\nStopped.")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if good else 1)


def _empty(directory: Path) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise typer.BadParameter(f"{directory} is not empty", param_hint="--directory")
    return directory.absolute()


def _play(directory: Path, console: Console, *, keep: bool, json: bool) -> bool:
    """Return whether everything went as it must."""
    # Only this command needs these.
    from ringfence.app.installing import create_keys  # noqa: PLC0415 - see above
    from ringfence.attacks.catalogue import ATTACKS  # noqa: PLC0415 - see above
    from ringfence.demo.play import Means, play  # noqa: PLC0415 - see above
    from ringfence.demo.screen import Screen, Silent  # noqa: PLC0415 - see above

    means = Means(system_clock, system_random, create_keys)
    show = Silent() if json else Screen(console)
    told, logs = play(directory, show, ATTACKS, means, partial(_stay, console) if keep else None)
    if json:
        typer.echo(msgspec.json.format(msgspec.json.encode(told.as_json())))
    if logs:
        console.print(logs, markup=False)
    return told.ok


def _stay(console: Console, installation: "Installation", cast: "Cast") -> None:
    """Print how to call it, and keep the token on disk fresh until Ctrl-C."""
    import httpx  # noqa: PLC0415 - see above

    from ringfence.demo.keeping import how_to_call, keep_fresh, let_in_again, write_kept  # noqa: PLC0415 - see above
    from ringfence.demo.partner import Unexpected  # noqa: PLC0415 - see above

    tokens = let_in_again(cast)
    kept = write_kept(installation.directory, cast.harbour, tokens)
    console.print("\n[bold]It goes on running until Ctrl-C.[/] Lines to paste into another terminal:")
    for what, command in how_to_call(installation, kept, system_random):
        console.print(f"\n[dim]# {what}[/]")
        console.print(command, markup=False, soft_wrap=True)
    stop = threading.Event()
    try:
        keep_fresh(cast.harbour, tokens, kept, stop)
    except (Unexpected, httpx.HTTPError) as ended:
        console.print(f"\nThe token on disk is not renewed any more: {ended}", markup=False)
        stop.wait()
