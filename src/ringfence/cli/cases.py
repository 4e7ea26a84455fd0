"""`ringfence cases`: alerts that belong together, their story, and what came of looking at them."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table

_group = typer.Typer(
    help="What analysts make of alerts.", epilog="Example: ringfence cases list --open", no_args_is_help=True
)

CaseId = Annotated[str, typer.Argument(help="The case's id.")]
Alerts = Annotated[list[str], typer.Argument(help="Ids of alerts.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="cases")


@_group.command("list", epilog="Example: ringfence cases list --open --json")
def list_(
    open_: Annotated[bool, typer.Option("--open", help="Only those that nobody has closed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 200,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List cases, newest first."""
    with Management(policy) as management:
        items = management.get("/cases", open=int(open_), limit=limit)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("case", "opened", "by", "alerts", "title", "found"),
        (
            (
                i["case_id"],
                moment(i["opened_at"]),
                i["opened_by"],
                len(i["alerts"]),
                i["title"],
                i["disposition"] or (f"in {i['merged_into']}" if i["merged_into"] else "–"),
            )
            for i in items
        ),
        "There are no cases.",
    )


@_group.command("open", epilog="Example: ringfence cases open alert_… --related")
def open_case(
    alerts: Alerts,
    title: Annotated[str, typer.Option(help="Empty: that of the first alert.")] = "",
    related: Annotated[
        bool,
        typer.Option("--related", help="Also alerts about the same customer, grant, client or network within an hour."),
    ] = False,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Open a case with alerts."""
    with Management(policy) as management:
        case = management.post("/cases", {"alerts": alerts, "title": title, "related": related})
    typer.echo(f"{case['case_id']}: {case['title']}, {len(case['alerts'])} alerts.")


@_group.command(epilog="Example: ringfence cases show case_…")
def show(case: CaseId, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show a case: what happened, what was done and said, oldest first; then the events."""
    with Management(policy) as management:
        found = management.get(f"/cases/{segment(case)}")
    if as_json:
        print_json(found)
        return
    told = found["case"]
    print_record(
        {name: told[name] for name in ("case_id", "title", "opened_at", "opened_by", "disposition", "closed_at")}
    )
    print_table(
        ("at", "what", "text", "alert", "by"),
        ((moment(i["at"]), i["what"], i["text"], i["alert"], i["by"]) for i in found["story"]),
        "Nothing happened.",
    )
    print_table(("position", "correlation"), found["evidence"], "No events are named.")


@_group.command(epilog="Example: ringfence cases add case_… alert_…")
def add(case: CaseId, alerts: Alerts, policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Add alerts to an open case."""
    with Management(policy) as management:
        found = management.post(f"/cases/{segment(case)}/alerts", {"alerts": alerts})
    typer.echo(f"{found['case_id']}: {len(found['alerts'])} alerts.")


@_group.command(epilog="Example: ringfence cases note case_… 'partner called: a release went wrong'")
def note(
    case: CaseId,
    text: Annotated[str, typer.Argument(help="A line for the story.")],
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Add a line to the story of a case."""
    with Management(policy) as management:
        management.post(f"/cases/{segment(case)}/notes", {"text": text})
    typer.echo(f"{case}: noted.")


@_group.command(epilog="Example: ringfence cases merge case_a… case_b…")
def merge(
    case: CaseId,
    into: Annotated[str, typer.Argument(help="The case that takes its alerts.")],
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Move the alerts of one case to another, and end the first."""
    with Management(policy) as management:
        found = management.post(f"/cases/{segment(case)}/merge", {"into": into})
    typer.echo(f"{found['case_id']}: {len(found['alerts'])} alerts.")


@_group.command(epilog="Example: ringfence cases close case_… benign --note 'their load test'")
def close(
    case: CaseId,
    disposition: Annotated[str, typer.Argument(help="attack, benign or duplicate.")],
    note: Annotated[str, typer.Option(help="Kept with the case.")] = "",
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Say what a case was; its alerts that nobody has looked at get the same disposition."""
    with Management(policy) as management:
        found = management.post(f"/cases/{segment(case)}/close", {"disposition": disposition, "note": note})
    typer.echo(f"{found['case_id']}: {found['disposition']}.")
