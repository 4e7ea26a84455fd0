"""`ringfence metrics`: what has been counted, for a Prometheus server or for a person."""

from typing import Annotated, Any, Final

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import print_json, print_table

_LISTS: Final = (
    ("refusals", "refused, by reason"),
    ("clients", "client"),
    ("logins", "logins"),
    ("token_requests", "requests of clients"),
    ("alerts", "alerts"),
    ("restarts", "restarts"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics", epilog="Example: ringfence metrics --summary")(metrics)


def metrics(
    summary: Annotated[bool, typer.Option("--summary", help="Print tables for a person.")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Print what has been counted since Ringfence was started, in Prometheus' text form."""
    with Management(policy) as management:
        if not summary and not as_json:
            typer.echo(management.text("/metrics"), nl=False)
            return
        found: dict[str, Any] = management.get("/metrics/summary")
    if as_json:
        print_json(found)
        return
    _print(found)


def _print(found: dict[str, Any]) -> None:
    print_table(
        ("operation", "allowed", "refused", "gateway, 95 % below", "upstream, 95 % below"),
        (
            (o["operation"] or "(none)", o["allowed"], o["refused"], _ms(o["gateway_ms"]), _ms(o["upstream_ms"]))
            for o in found["operations"]
        ),
        "No calls yet.",
    )
    for name, title in _LISTS:
        if found[name]:
            typer.echo("")
            print_table((title, "count"), ((row["what"] or "(none)", row["count"]) for row in found[name]), "")
    states = found["states"]
    typer.echo("")
    print_table(
        ("state", "value"),
        (
            *((f"{role} answers", "yes" if up else "no") for role, up in states["roles"].items()),
            *((f"blocks of a {kind}", number) for kind, number in states["blocks"].items()),
            ("newest event", _number(states["last_event"])),
            ("detection has read to", _number(states["watch_position"])),
            ("bytes waiting in journals", _number(states["journal_bytes"])),
        ),
        "",
    )


def _ms(value: float | None) -> str:
    return "more" if value is None else f"{value:g} ms" if value else "–"


def _number(value: int | None) -> str:
    return "unknown" if value is None else str(value)
