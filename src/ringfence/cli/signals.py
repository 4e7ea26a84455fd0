"""`ringfence signals`: whether security events reach clients, and whether those who send us events are there."""

import typer

from ringfence.cli.connection import DEFAULT_POLICY, AsJson, Management, PolicyFile
from ringfence.cli.tables import moment, print_json, print_table

_group = typer.Typer(
    help="Security events: to clients, and from others.",
    epilog="Example: ringfence signals streams",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="signals")


@_group.command(epilog="Example: ringfence signals streams --json")
def streams(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show clients' streams: what waits, what was taken, and why a receiver takes nothing."""
    with Management(policy) as management:
        items = management.get("/signals/streams")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("client", "method", "status", "waiting", "oldest", "taken", "refused", "given up", "failing since", "why"),
        (
            (
                i["client_id"],
                i["method"],
                i["status"],
                i["pending"],
                moment(i["oldest_at"]),
                i["accepted"] if i["method"] == "push" else "–",
                i["refused"],
                i["dropped"],
                moment(i["failing_since"]),
                i["error"] or "–",
            )
            for i in items
        ),
        "No client has a stream.",
    )


@_group.command(epilog="Example: ringfence signals transmitters --json")
def transmitters(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show who sends us events: whether they are there, and why their last event was refused."""
    with Management(policy) as management:
        items = management.get("/signals/transmitters")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("transmitter", "by", "standing", "received", "last", "verified", "refused", "why"),
        (
            (
                i["name"],
                i["ways"],
                i["standing"],
                i["received"],
                moment(i["heard_at"]),
                moment(i["verified_at"]),
                i["refused"],
                i["poll_error"] or i["error"] or "–",
            )
            for i in items
        ),
        "The policy names nobody under `signals.transmitters`.",
    )
