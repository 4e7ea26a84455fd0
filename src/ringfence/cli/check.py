"""`ringfence check`: judge a policy without starting anything."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ringfence.app.judge import judge
from ringfence.cli.tables import as_text, print_json
from ringfence.policy.load import LoadedPolicy, PolicyMistakes
from ringfence.policy.starvable import starvable


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", epilog="Example: ringfence check mybank/ringfence.yaml")(check)


def check(
    file: Annotated[Path | None, typer.Argument(help="The policy file.", show_default="ringfence.yaml")] = None,
    policy: Annotated[Path | None, typer.Option(help="The same, as the other commands take it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Judge a policy and its OpenAPI documents: every mistake with its place and what to write instead.

    Exits with 0 if the policy could be started with, with 1 if not. Faults of a document that the policy
    tolerates are named.
    """
    path = file or policy or Path("ringfence.yaml")
    try:
        loaded = judge(path)
    except PolicyMistakes as found:
        if as_json:
            print_json(_refused(found))
        else:
            print_mistakes(found)
        raise typer.Exit(1) from None
    if as_json:
        print_json(_accepted(loaded))
    else:
        print_accepted(path, loaded, Console())


def _refused(found: PolicyMistakes) -> dict[str, Any]:
    return {
        "ok": False,
        "mistakes": [
            {"file": m.file, "line": m.line, "column": m.column, "message": m.message, "instead": m.instead}
            for m in found.mistakes
        ],
    }


def _accepted(loaded: LoadedPolicy) -> dict[str, Any]:
    return {
        "ok": True,
        "digest": loaded.digest,
        "operations": len(loaded.table.operations),
        "waived": [
            {"fault": w.fault, "at": w.at, "message": w.message, "tolerated": w.tolerated} for w in loaded.waived
        ],
        "notes": list(_notes(loaded)),
    }


def _notes(loaded: LoadedPolicy) -> Iterator[str]:
    """Yield what is no mistake, and seldom meant."""
    for name in starvable(loaded.table.operations):
        yield f"the limit `{name}` keeps nothing for payments on a customer's consent: write a `reserve` there"


def print_mistakes(found: PolicyMistakes) -> None:
    """Say what is wrong, and how much of it; a document is a stranger's, and its words may be meant for the terminal."""
    console = Console(stderr=True)
    for mistake in found.mistakes:
        text = "\n".join(as_text(line) for line in str(mistake).split("\n"))
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    count = len(found.mistakes)
    console.print(f"{count} mistake{'s' if count > 1 else ''}.", style="bold red")


def print_accepted(path: Path, loaded: LoadedPolicy, console: Console) -> None:
    """Say that a policy is good, and which faults it tolerates."""
    operations = len(loaded.table.operations)
    console.print(
        f"{path}: good. {operations} operations, digest {loaded.digest[:16]}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for note in _notes(loaded):
        console.print(f"  note: {note}", markup=False, highlight=False, soft_wrap=True)
    counted = Counter(w.fault for w in loaded.waived)
    effects = {w.fault: w.tolerated for w in loaded.waived}
    for fault, count in counted.items():
        console.print(f"  waived: {fault}, {count} × — {effects[fault]}", markup=False, highlight=False, soft_wrap=True)
