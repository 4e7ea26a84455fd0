"""`ringfence events`: look at what happened, or watch it happen."""

import time
from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import as_text, json_text, moment, print_json, print_table

_group = typer.Typer(
    help="Everything that happened: calls, logins, tokens, changes.",
    epilog="Example: ringfence events tail",
    no_args_is_help=True,
)

LOOK_SECONDS = 0.5
"""How often `tail` asks for more."""

PAGE = 1000
"""Events that `tail` takes at once."""

_APART = frozenset({"event", "at", "correlation", "trace"})


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="events")


@_group.command("list", epilog="Example: ringfence events list --last 50 --json")
def list_(
    last: Annotated[int, typer.Option(min=1, max=PAGE, help="So many of the newest.")] = 50,
    after: Annotated[int | None, typer.Option(min=0, help="Instead: the first ones after this position.")] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List events, oldest first."""
    with Management(policy) as management:
        where = {"last": last} if after is None else {"after": after}
        items = management.get("/events", limit=last, **where)["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("position", "at", "event", "what", "correlation"),
        (
            (
                i["position"],
                moment(i["event"].get("at")),
                i["event"]["event"],
                _told(i["event"]),
                _correlation(i["event"]),
            )
            for i in items
        ),
        "Nothing has happened yet.",
    )


@_group.command(epilog="Example: ringfence events tail --json | jq 'select(.event.allowed == false)'")
def tail(
    last: Annotated[int, typer.Option(min=0, max=PAGE, help="Begin with so many of the newest.")] = 10,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Print events as they happen, until Ctrl-C."""
    with Management(policy) as management:
        page = management.get("/events", last=last, limit=PAGE)
        while True:
            for item in page["items"]:
                event = item["event"]
                line = f"{moment(event.get('at'))}  {event['event']}  {_told(event)}  {_correlation(event)}"
                typer.echo(json_text(item) if as_json else line)
            if len(page["items"]) < PAGE:
                time.sleep(LOOK_SECONDS)
            page = management.get("/events", after=page["next"], limit=PAGE)


def _told(event: dict[str, Any]) -> str:
    """Return the members that say something, as `name=value`."""
    told = (
        (name, value)
        for name, value in event.items()
        if name not in _APART and (isinstance(value, bool) or value not in ("", [], 0, -1))
    )
    return as_text(" ".join(f"{name}={as_text(value)}" for name, value in told))


def _correlation(event: dict[str, Any]) -> str:
    return as_text(event.get("correlation", ""))
