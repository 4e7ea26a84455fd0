"""`ringfence audit`: search the log, verify it, prove an entry to somebody, make a person unreadable."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ringfence.app.audit_reading import AuditReader, NotThere, ask_for_wrapping
from ringfence.audit import verifier as standalone
from ringfence.audit.bundle import NotYet
from ringfence.audit.index import Wanted
from ringfence.audit.note import Note, NoteInvalid, NoteKey
from ringfence.audit.receipt import ReceiptInvalid
from ringfence.audit.tiles import TileMissing
from ringfence.audit.verify import Report, Trust, Wrong
from ringfence.audit.verify import verify as verify_log
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail, places_of
from ringfence.cli.tables import as_text, moment, print_json, print_record, print_table

_group = typer.Typer(
    help="The log that nobody can change quietly: search, verify, prove.",
    epilog='Example: ringfence audit verify --key "$(cat log.key)"',
    no_args_is_help=True,
)

_APART: Final = frozenset({"event", "at", "correlation", "trace"})

LogKeys = Annotated[list[str], typer.Option("--key", help="Key of the log, noted earlier; can be repeated.")]
Witnesses = Annotated[list[str], typer.Option("--witness", help="Key of a witness that you trust; can be repeated.")]
Since = Annotated[str, typer.Option(help="From this time on: 2026-11-25 or 2026-11-25T13:00:00Z.")]
Until = Annotated[str, typer.Option(help="Until this time.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write to. Default: print.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="audit")


@_group.command(epilog="Example: ringfence audit search --client client_… --since 2026-11-25 --json")
def search(
    client: Annotated[str, typer.Option(help="Client id.")] = "",
    user: Annotated[str, typer.Option(help="User id, or day:2026-11-25 for people not known to us.")] = "",
    grant: Annotated[str, typer.Option(help="Grant id.")] = "",
    correlation: Annotated[str, typer.Option(help="Correlation id.")] = "",
    reason: Annotated[str, typer.Option(help="Reason of a refusal.")] = "",
    kind: Annotated[str, typer.Option(help="Kind of event, for example consent.moved.v1.")] = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many of the newest.")] = 50,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Find entries, oldest first."""
    with _reader(policy, opening=True) as reader:
        person = reader.person_key(user) if user else ""
        wanted = Wanted(client, grant, correlation, reason, kind, person, _time(since), _time(until))
        found = reader.search(wanted, limit)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    rows = ((f.place, moment(f.event.get("at")), f.event["event"], _told(f.event), f.personal) for f in found)
    print_table(("place", "at", "event", "what", "personal"), rows, "Nothing in the log fits.")


@_group.command(epilog="Example: ringfence audit export --since 2026-11-01 -o november.jsonl")
def export(
    since: Since = "",
    until: Until = "",
    output: Output = None,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Write entries as JSON, one a line, newest first; personal members as far as they can be opened."""
    with _reader(policy, opening=True) as reader, _written(output) as write:
        for found in reader.every(Wanted(since=_time(since), until=_time(until))):
            write(msgspec.json.encode(found).decode() + "\n")


@_group.command(epilog="Example: ringfence audit keys > log.key")
def keys(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Print the log's public keys: note them on the first day, where nobody here can change them."""
    with _reader(policy) as reader:
        for key in reader.log_keys():
            typer.echo(str(key))


@_group.command(epilog="Example: ringfence audit checkpoint > seen.checkpoint")
def checkpoint(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Print the signed checkpoint in force: keep one, and the log can be held to it."""
    with _reader(policy) as reader:
        typer.echo(str(reader.checkpoint()), nl=False)


@_group.command(epilog='Example: ringfence audit verify --key "$(cat log.key)" --seen seen.checkpoint')
def verify(
    key: LogKeys = [],  # noqa: B006 - Typer's form of an option that can be repeated
    witness: Witnesses = [],  # noqa: B006 - the same
    quorum: Annotated[int, typer.Option(min=0, help="So many of the witnesses must have cosigned.")] = 0,
    seen: Annotated[list[Path], typer.Option(help="File with a checkpoint that you hold; can be repeated.")] = [],  # noqa: B006 - the same
    directory: Annotated[
        Path | None, typer.Option(help="The log's directory, instead of the policy's; a copy will do.")
    ] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Walk the whole log: every entry, tile, checkpoint and sequence; say the first thing that is wrong."""
    own = not key
    with _told_mistakes():
        if own:
            with _reader(policy) as reader:
                trusted = reader.log_keys()
        else:
            trusted = tuple(map(NoteKey.parse, key))
        held = tuple(Note.parse(path.read_bytes()) for path in seen)
        trust = Trust(trusted, tuple(map(NoteKey.parse, witness)), quorum, held)
    try:
        report = _walk(directory or places_of(policy).audit, trust)
    except Wrong as why:
        if as_json:
            print_json({"verified": False, "wrong": str(why)})
        fail(f"WRONG: {why}", "", REFUSED)
    if as_json:
        print_json({"verified": True, "own_keys": own, **msgspec.to_builtins(report)})
        return
    print_record(_summary(report))
    typer.echo(
        "VERIFIED" if not own else "IN ORDER BY ITS OWN KEYS: bring the log's key with --key, and it is verified."
    )


@_group.command(
    epilog="Example: ringfence audit prove 4711 -o proof.json    or: ringfence audit prove --receipt 'v=1, …'"
)
def prove(
    entry: Annotated[str, typer.Argument(help="Place in the log, or correlation id.")] = "",
    receipt: Annotated[str, typer.Option(help="Instead: value of a Ringfence-Receipt.")] = "",
    open_key: Annotated[
        bool, typer.Option(help="With --receipt: give away the day's receipt key, for an arbiter.")
    ] = False,
    since: Annotated[Path | None, typer.Option(help="File with a checkpoint that the reader holds.")] = None,
    witness: Witnesses = [],  # noqa: B006 - Typer's form of an option that can be repeated
    output: Output = None,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Write everything that shows an entry to be in the log: one file, verified offline by `ringfence audit verifier`."""
    if bool(entry) == bool(receipt):
        raise typer.BadParameter("give a place, or a correlation id, or --receipt")
    with _reader(policy) as reader:
        witnesses = tuple(map(NoteKey.parse, witness))
        held = Note.parse(since.read_bytes()) if since else None
        if receipt:
            bundle = reader.prove_receipt(receipt, witnesses, held, open_key=open_key)
        else:
            bundle = reader.prove(reader.place_of(entry), witnesses, held)
    with _written(output) as write:
        write(msgspec.json.format(msgspec.json.encode(bundle)).decode() + "\n")


@_group.command(
    epilog='Example: ringfence audit verifier > verify.py; python3 verify.py proof.json --key "$(cat log.key)"'
)
def verifier() -> None:
    """Print a script that verifies a proof offline, with nothing but Python's standard library."""
    typer.echo(inspect.getsource(standalone), nl=False)


@_group.command(epilog="Example: ringfence audit shred user_…")
def shred(
    person: Annotated[str, typer.Argument(help="User id, or day:2026-11-25 for people not known to us.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Destroy a person's key: what the log says about them is unreadable for good, and the log still verifies."""
    if not yes:
        typer.confirm(f"Make everything about {person} unreadable for good?", abort=True)
    with Management(policy) as management:
        done = management.post("/audit/shred", {"person": person})
    typer.echo(f"The key {done['key']} of {person} is destroyed.")


def _walk(directory: Path, trust: Trust) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("entries", total=None)
        return verify_log(directory, trust, lambda done, of: progress.update(task, completed=done, total=of))


def _summary(report: Report) -> dict[str, Any]:
    witnessed = (
        f"{report.witnessed_size} by {', '.join(report.witnesses)}" if report.witnesses else "by nobody that you named"
    )
    return {
        "log": report.origin,
        "entries": report.size,
        "root": report.root,
        "checkpoints": report.checkpoints,
        "witnessed": witnessed,
        "producers": f"{report.producers}, of which {len(report.open_producers)} have not ended",
        "late": f"{report.late} events reached the log more than five minutes after they happened",
    }


@contextmanager
def _reader(policy: Path, *, opening: bool = False) -> Iterator[AuditReader]:
    """Read the log; `opening` asks the signer for what opens personal members, and that is on record."""
    with _told_mistakes():
        where = places_of(policy)
        reader = AuditReader(where, ask_for_wrapping(where) if opening else None)
        try:
            yield reader
        finally:
            reader.close()


@contextmanager
def _told_mistakes() -> Iterator[None]:
    try:
        yield
    except (NotThere, NotYet, TileMissing) as why:
        fail(f"{str(why)[:1].upper()}{str(why)[1:]}.", "", REFUSED)
    except ReceiptInvalid as why:
        fail(f"The receipt does not hold: {why}.", "", REFUSED)
    except NoteInvalid as why:
        fail(f"A key or checkpoint cannot be read: {why}.", "", REFUSED)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}.", "", REFUSED)


@contextmanager
def _written(output: Path | None) -> Iterator[Any]:
    if output is None:
        yield sys.stdout.write
        return
    with output.open("w", encoding="utf-8") as file:
        yield file.write


def _time(text: str) -> float | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"not a time: {text!r}; write 2026-11-25 or 2026-11-25T13:00:00Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _told(event: dict[str, Any]) -> str:
    told = ((n, v) for n, v in event.items() if n not in _APART and (isinstance(v, bool) or v not in ("", [], 0, -1)))
    return as_text(" ".join(f"{name}={as_text(value)}" for name, value in told))
