"""`ringfence canary`: try a policy on a share of the clients before it holds for all."""

import time
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from ringfence.app.judge import judge
from ringfence.cli.check import print_mistakes
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail
from ringfence.cli.stored_events import stored_events
from ringfence.cli.tables import as_text, moment, print_json, print_table
from ringfence.events.calls import CallDecided
from ringfence.gateway.canary_compared import EVERYBODY, Compared, Comparison
from ringfence.policy.canary import Canary
from ringfence.policy.load import PolicyMistakes

USUAL: Final = 100_000
PROMOTED_WITHIN: Final = 60.0
"""Seconds: the policy is judged, the edge asked, every role told."""
LOOK_EVERY: Final = 0.25

_group = typer.Typer(
    help="Try a policy on some clients before it holds for all: everybody else goes on as before.",
    epilog="Example: ringfence canary start next.yaml --share 5",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="canary")


@_group.command(
    epilog="Example: ringfence canary start next.yaml --share 5    or: ringfence canary start next.yaml --client acme"
)
def start(
    new: Annotated[Path, typer.Argument(help="The policy to try; it lies beside the policy file.")],
    share: Annotated[float, typer.Option(min=0, max=100, help="On so many percent of the clients.")] = 0.0,
    client: Annotated[list[str] | None, typer.Option(help="On this client besides, by id or name; repeatable.")] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Try a policy on a share of the clients, or give the one that is being tried another share.

    A client stays on its side. Calls without a valid token are decided by the running policy.
    """
    if not share and not client:
        fail("On whom is it to be tried?", "Add: --share 5    or: --client acme", REFUSED)
    if new.absolute().parent.resolve() != policy.absolute().parent.resolve():
        fail(f"{new} does not lie beside {policy}, whose place it is to take.", "Put it there.", REFUSED)
    try:
        judge(new)
    except PolicyMistakes as mistakes:
        print_mistakes(mistakes)
        raise typer.Exit(REFUSED) from None
    with Management(policy) as management:
        named = [management.find("clients", "client_id", "name", one)["client_id"] for one in client or ()]
        asked = {"source": str(new.absolute()), "percent": share, "clients": named}
        canary = management.post("/canary", asked)["canary"]
    if as_json:
        print_json(canary)
        return
    typer.echo(
        as_text(f"{canary['name']} governs {_whom(canary)}, within two seconds. Everybody else goes on as before.")
    )
    typer.echo("See what it does: ringfence canary compare")


@_group.command(epilog="Example: ringfence canary show --json")
def show(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show which policy is tried, on whom and since when."""
    with Management(policy) as management:
        canary = management.get("/canary")["canary"]
    if as_json:
        print_json(canary)
    elif canary is None:
        typer.echo("No policy is being tried.")
    else:
        typer.echo(as_text(f"{canary['source']} ({canary['name']}) governs {_whom(canary)}"))
        typer.echo(f"since {moment(canary['since'])}; everybody else is governed by {canary['running']}.")
        if canary["refused"]:
            typer.echo(as_text(f"It was to be promoted, and was not: {canary['refused']}"))


@_group.command(epilog="Example: ringfence canary compare --last 100000 --json")
def compare(
    last: Annotated[int, typer.Option(min=1, help="So many of the newest events.")] = USUAL,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List for each client and rule what the running policy and the canary refuse.

    A client's calls under the canary are compared with its calls before; `*` are all clients of the canary, compared
    with all others at the same time.
    """
    with Management(policy) as management:
        canary = _standing(management)
        comparison = Comparison(canary)
        for _, event in stored_events(management, last):
            if isinstance(event, CallDecided):
                comparison.feed(event)
    found = comparison.result()
    if as_json:
        calls = {"running": comparison.calls(by_canary=False), "canary": comparison.calls(by_canary=True)}
        print_json({"canary": canary.name, "calls": calls, "items": [msgspec.to_builtins(one) for one in found]})
        return
    print_table(("client", "rule", "running policy", "canary", ""), map(_row, found), "Neither policy refused a call.")
    typer.echo(f"{comparison.calls(by_canary=True)} calls were decided by the canary.")


@_group.command(epilog="Example: ringfence canary promote")
def promote(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Have the policy that is tried hold for everybody: it takes the place of the policy file."""
    with Management(policy) as management:
        management.post("/canary/promote")
        deadline = time.monotonic() + PROMOTED_WITHIN
        while (canary := management.get("/canary")["canary"]) is not None and canary["promote"]:
            if time.monotonic() >= deadline:
                fail("Nobody has taken it up yet.", "Is `ringfence up` running? See: ringfence canary show", REFUSED)
            time.sleep(LOOK_EVERY)
    if canary is not None:
        fail(as_text(f"It is not promoted: {canary['refused']}"), "The old policy and the canary go on.", REFUSED)
    typer.echo(f"It holds for everybody. The old text is in {policy}.before-canary.")


@_group.command(epilog="Example: ringfence canary abort")
def abort(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """End the canary: the running policy governs everybody again."""
    with Management(policy) as management:
        management.delete("/canary")
    typer.echo("Ended: the running policy governs everybody again, within two seconds.")


def _standing(management: Management) -> Canary:
    canary = management.get("/canary")["canary"]
    if canary is None:
        fail("No policy is being tried.", "Begin with: ringfence canary start next.yaml --share 5", REFUSED)
    return msgspec.convert(canary, Canary)


def _whom(canary: dict[str, Any]) -> str:
    parts = [f"{canary['percent']:g} % of the clients"] if canary["percent"] else []
    return " and ".join([*parts, *canary["clients"]])


def _row(one: Compared) -> tuple[str, ...]:
    client = "*" if one.client == EVERYBODY else one.client
    sides = (_refused(one.old_refused, one.old_calls), _refused(one.canary_refused, one.canary_calls))
    return (client, one.rule, *sides, "more" if one.worse > 0 else "less" if one.worse < 0 else "")


def _refused(some: int, of: int) -> str:
    return f"{some} of {of} ({some / of:.1%})" if of else "no calls"
