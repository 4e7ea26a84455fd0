"""`ringfence alerts`: what detection raised, and saying what it was."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table
from ringfence.detect.alert import Alert
from ringfence.detect.chart import Chart
from ringfence.detect.charted import in_words, page, sparkline
from ringfence.detect.window import BUCKETS

_group = typer.Typer(
    help="What detection raised.", epilog="Example: ringfence alerts list --open", no_args_is_help=True
)

AlertId = Annotated[str, typer.Argument(help="The alert's id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="alerts")


@_group.command("list", epilog="Example: ringfence alerts list --open --json")
def list_(
    rule: Annotated[str, typer.Option(help="Only of this rule.")] = "",
    open_: Annotated[bool, typer.Option("--open", help="Only those that nobody has looked at.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 200,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    with Management(policy) as management:
        items = management.get("/alerts", rule=rule, open=int(open_), limit=limit)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("alert", "at", "level", "rule", "what", "done", "found"),
        (
            (
                i["alert_id"],
                moment(i["at"]),
                i["level"],
                i["rule"],
                i["explanation"],
                i["answered"] or "…",
                i["disposition"] or "–",
            )
            for i in items
        ),
        "There are no alerts.",
    )


@_group.command(epilog="Example: ringfence alerts show alert_…")
def show(alert: AlertId, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show one alert with its evidence: the correlation ids lead to the events."""
    with Management(policy) as management:
        found = management.get(f"/alerts/{segment(alert)}")
        drawn = None if as_json else _chart(management, alert)
    if as_json:
        print_json(found)
        return
    detail = found.pop("detail")
    print_record(found | {name: detail[name] for name in ("group", "measures", "context", "owasp", "attack")})
    print_table(("position", "correlation"), detail["evidence"], "No events are named.")
    if drawn is not None:
        for series in drawn.series:
            typer.echo(f"{sparkline(series)}  {in_words(series, drawn)}")


@_group.command(epilog="Example: ringfence alerts picture alert_… --to alert.html")
def picture(
    alert: AlertId,
    to: Annotated[Path, typer.Option(help="The page that is written.")] = Path("alert.html"),
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Write a page that shows what was normal and what happened; it needs neither script nor network."""
    with Management(policy) as management:
        found = management.get(f"/alerts/{segment(alert)}")
        drawn = msgspec.convert(management.get(f"/alerts/{segment(alert)}/chart"), Chart)
    to.write_text(page(msgspec.convert(found["detail"], Alert), drawn, BUCKETS))
    typer.echo(f"Written: {to}")


def _chart(management: Management, alert: str) -> Chart | None:
    """Return the chart of an alert; None where its rule is gone."""
    found = management.get_if_there(f"/alerts/{segment(alert)}/chart")
    return None if found is None else msgspec.convert(found, Chart)


@_group.command(epilog="Example: ringfence alerts dispose alert_… attack --note 'see case 12'")
def dispose(
    alert: AlertId,
    disposition: Annotated[str, typer.Argument(help="attack, benign or duplicate.")],
    note: Annotated[str, typer.Option(help="Kept with the alert.")] = "",
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Say what an alert turned out to be."""
    with Management(policy) as management:
        found = management.post(f"/alerts/{segment(alert)}/dispose", {"disposition": disposition, "note": note})
    typer.echo(f"{found['alert_id']}: {found['disposition']}.")
