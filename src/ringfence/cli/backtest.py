"""`ringfence rules backtest`: what other rules and playbooks would have raised and done, partner by partner."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail
from ringfence.cli.stored_events import stored_events
from ringfence.cli.tables import as_text, print_json, print_table
from ringfence.detect.backtest import Difference, Setup, compare
from ringfence.detect.load import in_force, with_own
from ringfence.detect.playbook_load import SLOWED, playbooks_in_force, playbooks_with_own
from ringfence.events import Event, decode
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.notify_model import Notify
from ringfence.policy.watch_model import Watch

Folder = Annotated[Path | None, typer.Option("--rules", help="Directory with the rules to try.")]


def register_backtest(group: typer.Typer) -> None:
    """Add the command."""
    group.command(epilog="Example: ringfence rules backtest --rules rules --playbooks playbooks --last 100000")(
        backtest
    )


def backtest(
    rules: Folder = None,
    playbooks: Annotated[Path | None, typer.Option(help="Directory with the playbooks to try.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many of the newest events.")] = 100_000,
    events: Annotated[
        Path | None, typer.Option(help="A file of events instead, one JSON object a line: see ringfence simulate.")
    ] = None,
    enforced: Annotated[
        bool, typer.Option("--enforced", help="As if every rule were enforced and every playbook on.")
    ] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Run what is in force and what you would put in its place over what happened or was simulated.

    Shows the alerts and the responses that would differ, the latter also counted for each partner. What is in force is
    what the policy file says; where there is none that can be read, what is shipped.
    """
    if rules is None and playbooks is None:
        fail("There is nothing to try.", "Give --rules, --playbooks or both.", REFUSED)
    try:
        loaded = _policy(policy)
        old = _setup(loaded, None, None, enforced=enforced)
        new = _setup(loaded, rules, playbooks, enforced=enforced)
    except (PolicyMistakes, OSError) as mistakes:
        fail(str(mistakes), "", REFUSED)
    if events is not None:
        happened = list(_in_file(events))
    else:
        with Management(policy) as management:
            happened = list(stored_events(management, last))
    difference = compare(old, new, happened)
    if as_json:
        print_json(msgspec.to_builtins(difference))
        return
    _show(difference)


def _policy(file: Path) -> LoadedPolicy | None:
    if not file.exists():
        return None
    try:
        return load(file)
    except (PolicyMistakes, OSError):
        typer.echo(f"{file} cannot be read as a policy: compared with what is shipped.", err=True)
        return None


def _setup(loaded: LoadedPolicy | None, rules: Path | None, playbooks: Path | None, *, enforced: bool) -> Setup:
    """Return a policy's setup, with other directories where they are given.  Raises PolicyMistakes, OSError."""
    watch, limits, channels = Watch(), list(SLOWED), Notify().names
    if loaded is not None:
        watch, where = loaded.policy.watch, loaded.places
        rules = rules or (where.file(watch.rules) if watch.rules else None)
        playbooks = playbooks or (where.file(watch.playbooks) if watch.playbooks else None)
        limits = [limit.per for limit in loaded.policy.limits.values() if limit.rate_per_second]
        channels = loaded.policy.notify.names
    known = with_own(rules)
    books = playbooks_with_own(playbooks, [rule.rule.id for rule in known], limits, channels)
    chosen, in_place = in_force(known, watch.modes), playbooks_in_force(books, watch.playbook_modes)
    if enforced:
        chosen = in_force(chosen, {rule.rule.id: "enforce" for rule in chosen})
        in_place = playbooks_in_force(in_place, {book.id: "on" for book in in_place})
    return Setup(chosen, in_place)


def _show(difference: Difference) -> None:
    typer.echo(f"{difference.events} events.")
    for sign, alerts in (("+", difference.more), ("-", difference.fewer)):
        for alert in alerts:
            typer.echo(as_text(f"{sign} {alert.rule}: {alert.explanation}"))
    for sign, acts in (("+", difference.new_acts), ("-", difference.lost_acts)):
        for act in acts:
            how = " (dry-run)" if act.dry_run else " (waits for a person)" if act.hold else ""
            by = f" by {act.playbook}" if act.playbook else ""
            typer.echo(as_text(f"{sign} {act.kind} {act.what} {act.value}{by}{how}"))
    if difference.partners:
        print_table(
            ("partner", "response", "before", "after"),
            ((one.partner, one.kind, one.before, one.after) for one in difference.partners),
            "",
        )
    if difference.is_none:
        typer.echo("Nothing would differ.")


def _in_file(file: Path) -> Iterator[tuple[int, Event]]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield number, decode(line)
                except (msgspec.DecodeError, ValueError) as why:
                    fail(f"{file}:{number}: {why}", "", REFUSED)
    except OSError as error:
        fail(f"{file}: {error.strerror}.", "", REFUSED)
