"""`ringfence rules`: the rules of detection: list, show, try on cases, try on what happened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringfence.cli.backtest import register_backtest
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail, segment
from ringfence.cli.tables import as_text, print_json, print_table
from ringfence.detect.alert import Alert
from ringfence.detect.compiled import CompiledRule
from ringfence.detect.explanation import explain as in_sentences
from ringfence.detect.explanation import explain_alert
from ringfence.detect.load import read_rule, with_own
from ringfence.detect.rule_case import RuleCases, fault, run_case
from ringfence.detect.sigma import imported
from ringfence.detect.sigma_condition import NotExpressible
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.structure import read_as
from ringfence.policy.yaml_source import read_yaml

_group = typer.Typer(help="The rules of detection.", epilog="Example: ringfence rules list", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--rules", help="Directory with rules of your own.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    register_backtest(_group)
    app.add_typer(_group, name="rules")


@_group.command("list", epilog="Example: ringfence rules list --rules rules --json")
def list_(rules: Folder = None, as_json: AsJson = False) -> None:
    """List the rules: ours, and yours beside or instead of them."""
    found = _load(rules)
    if as_json:
        print_json([msgspec.to_builtins(rule.rule) for rule in found])
        return
    print_table(
        ("rule", "level", "mode", "window", "owasp", "attack", "title"),
        (
            (
                r.rule.id,
                r.rule.level,
                r.rule.mode,
                r.rule.timespan,
                r.rule.references.owasp,
                r.rule.references.attack,
                r.rule.title,
            )
            for r in found
        ),
        "There are no rules.",
    )


@_group.command(epilog="Example: ringfence rules show brute-force")
def show(rule: Annotated[str, typer.Argument(help="The rule's id.")], rules: Folder = None) -> None:
    """Show one rule as YAML, to change it in a directory of your own."""
    found = {r.rule.id: r.rule for r in _load(rules)}
    if rule not in found:
        fail(f"There is no rule {rule!r}.", "See: ringfence rules list", REFUSED)
    typer.echo(msgspec.yaml.encode(found[rule]).decode(), nl=False)


@_group.command(epilog="Example: ringfence rules explain brute-force --alert alert_…")
def explain(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    alert: Annotated[str, typer.Option(help="An alert of it: what it came to, number by number.")] = "",
    rules: Folder = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Say in sentences what a rule looks at, what it counts, when that is too much, and why an alert was raised."""
    found = {r.rule.id: r.rule for r in _load(rules)}
    if rule not in found:
        fail(f"There is no rule {rule!r}.", "See: ringfence rules list", REFUSED)
    said = in_sentences(found[rule])
    if alert:
        with Management(policy) as management:
            kept = management.get(f"/alerts/{segment(alert)}")
        raised = msgspec.convert(kept["detail"], Alert)
        if raised.rule != rule:
            fail(f"That alert is of {raised.rule!r}.", f"Ask: ringfence rules explain {raised.rule}", REFUSED)
        said += explain_alert(found[rule], raised)
    if as_json:
        print_json(said)
        return
    for sentence in said:
        typer.echo(as_text(sentence))


@_group.command("import", epilog="Example: ringfence rules import sigma/web --to rules")
def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, help="Sigma rules, or directories of them.")],
    to: Annotated[Path, typer.Option(help="Directory for the rules that come of them.")],
    as_json: AsJson = False,
) -> None:
    """Turn Sigma rules about web and OAuth logs into rules of ours, in mode shadow; say of each other one why not."""
    told = [one for file in _sigma_files(files) for one in _imported(file, to)]
    if as_json:
        print_json(told)
    else:
        print_table(
            ("Sigma rule", "title", "rule", "why not"),
            ((one["sigma"], one["title"], one["rule"] or "–", one["why_not"] or "–") for one in told),
            "There are no files with the ending .yml or .yaml.",
        )
    if any(one["why_not"] for one in told):
        raise typer.Exit(REFUSED)


def _sigma_files(files: list[Path]) -> Iterator[Path]:
    for file in files:
        if not file.is_dir():
            yield file
            continue
        yield from sorted(one for one in file.rglob("*") if one.suffix in {".yml", ".yaml"})


def _imported(file: Path, to: Path) -> Iterator[dict[str, str]]:
    """Write what a file of Sigma comes to, and yield what became of each rule in it."""
    try:
        found = imported(file.read_bytes())
    except OSError as error:
        fail(f"{file}: {error.strerror}.", "", REFUSED)
    except NotExpressible as why:
        yield {"sigma": str(file), "title": "", "rule": "", "why_not": str(why)}
        return
    for one in found:
        target, why_not = "", one.why_not
        if one.rule is not None:
            text = msgspec.yaml.encode(one.rule)
            try:
                read_rule(text, str(file))
            except PolicyMistakes as mistakes:
                why_not = "; ".join(mistake.message for mistake in mistakes.mistakes)
            else:
                to.mkdir(parents=True, exist_ok=True)
                target = str(to / f"{one.rule['id']}.yaml")
                Path(target).write_bytes(text)
        yield {"sigma": str(file), "title": one.title, "rule": target, "why_not": why_not}


@_group.command("test", epilog="Example: ringfence rules test cases --rules rules")
def try_cases(
    cases: Annotated[Path, typer.Argument(exists=True, help="A file of cases, or a directory of them.")],
    rules: Folder = None,
) -> None:
    """Run rules on made-up events and compare with what they must raise."""
    known = {r.rule.id: r for r in _load(rules)}
    wrong = 0
    for file in sorted(cases.glob("*.yaml")) if cases.is_dir() else [cases]:
        wanted = _cases(file)
        if wanted.rule not in known:
            fail(f"{file}: there is no rule {wanted.rule!r}.", "See: ringfence rules list", REFUSED)
        for case in wanted.cases:
            told = fault(case, run_case(known[wanted.rule], case, wanted.places))
            wrong += bool(told)
            typer.echo(f"{'FAIL' if told else 'ok  '}  {wanted.rule}: {told or case.name}")
    if wrong:
        raise typer.Exit(REFUSED)


def _load(folder: Path | None) -> tuple[CompiledRule, ...]:
    try:
        return with_own(folder)
    except (PolicyMistakes, OSError) as mistakes:
        fail(str(mistakes), "", REFUSED)


def _cases(file: Path) -> RuleCases:
    try:
        return read_as(read_yaml(file.read_bytes(), str(file)), RuleCases)
    except (PolicyMistakes, OSError) as mistakes:
        fail(str(mistakes), "", REFUSED)
