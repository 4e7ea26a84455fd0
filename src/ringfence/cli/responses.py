"""`ringfence responses`: what was done about alerts; let what waits go ahead, and take back what was wrong."""

from typing import Annotated

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile, segment
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="What was done about alerts.", epilog="Example: ringfence responses undo response_…", no_args_is_help=True
)

ResponseId = Annotated[str, typer.Argument(help="The response's id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="responses")


@_group.command("list", epilog="Example: ringfence responses list --held")
def list_(
    held: Annotated[bool, typer.Option("--held", help="Only those that wait for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Look at so many, the newest.")] = 200,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List responses, newest first."""
    with Management(policy) as management:
        items = management.get("/responses", limit=limit)["items"]
    items = [i for i in items if i["state"] == "held" or not held]
    if as_json:
        print_json(items)
        return
    print_table(
        ("response", "at", "what", "of", "whom", "state", "until", "by", "why"),
        (
            (
                i["response_id"],
                moment(i["at"]),
                i["kind"],
                i["of"],
                i["value"],
                i["state"],
                moment(i["until"]) if i["until"] else "–",
                i["playbook"] or i["by"],
                i["why"],
            )
            for i in items
        ),
        "Nothing was done.",
    )


@_group.command(epilog="Example: ringfence responses approve response_…")
def approve(response: ResponseId, policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Let a response that waits go ahead."""
    with Management(policy) as management:
        found = management.post(f"/responses/{segment(response)}/approve", {})
    typer.echo(f"{found['kind']} of {found['of']} {found['value']}: {found['state']}.")


@_group.command(epilog="Example: ringfence responses undo response_…")
def undo(response: ResponseId, policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Take a response back, or drop one that waits. What others have set for the same stays."""
    with Management(policy) as management:
        found = management.post(f"/responses/{segment(response)}/undo", {})
    typer.echo(f"{found['kind']} of {found['of']} {found['value']}: {found['state']}.")


@_group.command(epilog="Example: ringfence responses rungs")
def rungs(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List who has climbed how far on the ladder of a playbook, and until when that is remembered."""
    with Management(policy) as management:
        items = management.get("/responses/rungs")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("playbook", "of", "whom", "rung", "since", "until", "alert"),
        (
            (
                f"{i['playbook']} (dry-run)" if i["dry_run"] else i["playbook"],
                i["of"],
                i["value"],
                i["rung"],
                moment(i["at"]),
                moment(i["until"]),
                i["alert"],
            )
            for i in items
        ),
        "Nobody stands on a rung.",
    )


@_group.command(epilog="Example: ringfence responses forget stuffing-ladder user user_…")
def forget(
    playbook: Annotated[str, typer.Argument(help="The playbook's id.")],
    of: Annotated[str, typer.Argument(help="`user`, `client`, `grant` or `network`.")],
    value: Annotated[str, typer.Argument(help="Who, as `ringfence responses rungs` shows it.")],
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Have somebody begin below again on the ladder of a playbook. What was done stays until it is undone."""
    with Management(policy) as management:
        management.post("/responses/rungs/forget", {"playbook": playbook, "of": of, "value": value})
    typer.echo(f"{of} {value} begins below.")
