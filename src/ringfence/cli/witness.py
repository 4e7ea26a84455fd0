"""`ringfence witness`: cosign the growth of somebody else's log, and nothing but growth."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.app.process import run_role
from ringfence.app.witness import MEMORY, witness_key, witness_role
from ringfence.audit.note import NoteInvalid, NoteKey
from ringfence.audit.ports import CannotSign
from ringfence.audit.witness import Witness
from ringfence.cli.connection import REFUSED, fail
from ringfence.cli.tables import print_table
from ringfence.store.interface import Unavailable
from ringfence.telemetry import configure_logging

_group = typer.Typer(
    help="A witness of somebody else's audit log: it cosigns a checkpoint only if the log grew from the last one.",
    epilog='Example: ringfence witness run --name witness.example/w1 --log "$(cat log.key)"',
    no_args_is_help=True,
)

State = Annotated[Path, typer.Option(help="Directory of the witness's key and memory.")]
Name = Annotated[str, typer.Option(help="Names the witness, for example witness.example/w1; it never changes.")]
DEFAULT_STATE = Path("witness")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="witness")


@_group.command(epilog="Example: ringfence witness key --name witness.example/w1")
def key(name: Name, state: State = DEFAULT_STATE) -> None:
    """Print the witness's public key, made where there is none: for the log's policy, and for auditors."""
    try:
        typer.echo(str(witness_key(state, name).keys[0]))
    except CannotSign as why:
        fail(str(why), "", REFUSED)


@_group.command(epilog='Example: ringfence witness run --name witness.example/w1 --log "$(cat log.key)" --port 8711')
def run(
    name: Name,
    log: Annotated[list[str], typer.Option(help="Public key of a log; can be repeated.")],
    state: State = DEFAULT_STATE,
    address: Annotated[str, typer.Option(help="Address to listen on; put TLS before it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8711,
) -> None:
    """Run the witness until SIGTERM."""
    try:
        logs = tuple(map(NoteKey.parse, log))
        configure_logging("witness")
        run_role(witness_role(state, name, logs, address, port), child=False)
    except (NoteInvalid, CannotSign, Unavailable) as why:
        fail(str(why), "", REFUSED)


@_group.command(epilog="Example: ringfence witness evidence")
def evidence(state: State = DEFAULT_STATE) -> None:
    """Print what speaks against the logs: signed checkpoints that did not grow from what was known."""
    path = state / MEMORY
    if not path.exists():
        fail(f"There is no witness in {state}.", "", REFUSED)
    witness = Witness(path, {}, NoteKey("none", 0, b""), lambda _message: b"")
    try:
        found = witness.evidence()
    finally:
        witness.close()
    print_table(
        ("at", "log", "known", "why"),
        (
            (datetime.fromtimestamp(e.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ"), e.origin, e.known_size, e.why)
            for e in found
        ),
        "Nothing speaks against them.",
    )
