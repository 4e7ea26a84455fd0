"""`ringfence silences`: what nobody is told of for a while."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail, segment
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="What nobody is told of for a while: alerts are raised, kept and answered all the same.",
    epilog="Example: ringfence silences add limit-pushing client=c_3fd1 --hours 24 --why 'their load test'",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="silences")


@_group.command("list", epilog="Example: ringfence silences list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List silences that hold, by when they end."""
    with Management(policy) as management:
        items = management.get("/silences")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("silence", "rule", "about", "until", "by", "why"),
        (
            (
                i["silence_id"],
                i["rule"],
                ", ".join(f"{name}={value}" for name, value in i["group"].items()),
                moment(i["until"]),
                i["by"],
                i["why"],
            )
            for i in items
        ),
        "Nothing is silenced.",
    )


@_group.command(epilog="Example: ringfence silences add limit-pushing client=c_3fd1 --hours 24 --why 'their load test'")
def add(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    about: Annotated[list[str] | None, typer.Argument(help="field=value of the rule's group.")] = None,
    why: Annotated[str, typer.Option(help="Kept with the silence.")] = "",
    hours: Annotated[float, typer.Option(min=0.02, max=720, help="How long.")] = 24,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Tell nobody of a rule's alerts about something for a while; it ends by itself."""
    if not why:
        fail("A silence needs a reason.", "Add: --why 'their load test'", REFUSED)
    pairs = [text.partition("=") for text in about or ()]
    if not all(name and sign for name, sign, _ in pairs):
        fail("What it is about is written field=value.", "For example: client=c_3fd1", REFUSED)
    group = {name: value for name, _, value in pairs}
    with Management(policy) as management:
        asked = {"rule": rule, "group": group, "seconds": round(hours * 3600), "why": why}
        silence = management.post("/silences", asked)
    typer.echo(f"{silence['silence_id']}: nobody is told until {moment(silence['until'])}.")


@_group.command(epilog="Example: ringfence silences end silence_…")
def end(silence: Annotated[str, typer.Argument(help="The silence's id.")], policy: PolicyFile = DEFAULT_POLICY) -> None:
    """End a silence now."""
    with Management(policy) as management:
        management.post(f"/silences/{segment(silence)}/end", {})
    typer.echo(f"{silence}: ended.")
