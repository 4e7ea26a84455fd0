"""`ringfence scan`: card numbers and IBANs in logs, databases and anything else that was kept.  PCI DSS §3.5.1."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import Progress

from ringfence.cli.connection import REFUSED, AsJson
from ringfence.cli.tables import as_text, print_json
from ringfence.protect.scan_files import Place, Unread, files_below, scan_file

FOUND: Final = 3
"""Exit code: something was found."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan", epilog="Example: ringfence scan state logs")(scan)


def scan(
    paths: Annotated[list[Path], typer.Argument(help="Files and directories.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Look for card numbers and IBANs; say where, with most digits hidden. Exit code 3 if there are any, 1 if not all could be read."""
    files = list(files_below(paths))
    places: list[Place] = []
    unread: list[Unread] = []
    with Progress(transient=True) as progress:
        task = progress.add_task("bytes", total=sum(_size(path) for path in files))
        for path in files:
            for one in scan_file(path, lambda read: progress.advance(task, read)):
                if isinstance(one, Place):
                    places.append(one)
                else:
                    unread.append(one)
    if as_json:
        print_json(
            {
                "files": len(files),
                "found": [_document(place) for place in places],
                "unread": [{"path": str(one.path), "why": one.why} for one in unread],
            }
        )
    else:
        for place in places:
            hidden = ", in base64" if place.found.encoded else ""
            typer.echo(as_text(f"{place.path}: {place.where}: {place.found.kind} {place.found.masked}{hidden}"))
        for one in unread:
            typer.echo(as_text(f"{one.path} could not be read: {one.why}"), err=True)
        typer.echo(f"{len(places)} found in {len(files)} file{'' if len(files) == 1 else 's'}.")
    if places or unread:
        raise typer.Exit(FOUND if places else REFUSED)


def _document(place: Place) -> dict[str, object]:
    return {
        "path": str(place.path),
        "where": place.where,
        "kind": place.found.kind,
        "masked": place.found.masked,
        "base64": place.found.encoded,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
