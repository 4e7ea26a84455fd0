"""`ringfence keys`: which keys there are, replacing them, and what to do when one is no secret any more."""

import asyncio
import base64
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ringfence.app.approvals import approval_socket, operator
from ringfence.app.cbom import inventory_of
from ringfence.app.sealing import seal
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail, segment
from ringfence.cli.tables import moment, print_json, print_record, print_table
from ringfence.clock import system_clock
from ringfence.custody.wire import SignerRefused
from ringfence.keys.ports import KeyUnusable
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.store.interface import Unavailable

_group = typer.Typer(
    help="Keys: their states, their rotation, and what to do when one is no secret any more.",
    epilog="Example: ringfence keys list",
    no_args_is_help=True,
)

Key = Annotated[str, typer.Argument(help="A key's id or kid, or a purpose: its key in force.")]
Why = Annotated[str, typer.Option(help="Kept with the key, and in the event.")]
Socket = Annotated[Path | None, typer.Option("--socket", help="The approval socket. Default: as the policy names it.")]

_NOT_YET = "It is not done yet. See: ringfence keys wishes"

LOOK_EVERY = 0.2
"""Seconds between two looks at a drill."""


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="keys")


@_group.command("list", epilog="Example: ringfence keys list token --json")
def list_(
    purpose: Annotated[str, typer.Argument(help="Only this purpose's keys.")] = "",
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List keys with their states, newest first."""
    with Management(policy) as management:
        items = management.get("/keys", purpose=purpose)["items"]
    if as_json:
        print_json(items)
        return
    rows = (
        (k["key"], k["purpose"], k["algorithm"], k["provider"], k["state"], moment(k["activated_at"]), k["why"])
        for k in items
    )
    print_table(("key", "purpose", "algorithm", "provider", "state", "active since", "why"), rows, "There is no key.")


@_group.command(epilog="Example: ringfence keys show token")
def show(key: Key, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show one key: state, times, and who used it how often."""
    with Management(policy) as management:
        found = management.get(f"/keys/{segment(key)}")
    (print_json if as_json else print_record)(found)


@_group.command(epilog="Example: ringfence keys rotate token --why 'an operator left'")
def rotate(key: Key, why: Why = "operator", policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Replace the key of a purpose: a new token key is published first, and signs when partners know it."""
    with Management(policy) as management:
        done = management.post(f"/keys/{segment(key)}/rotate", {"why": why})
    if as_json:
        print_json(done)
    elif done["finished"]:
        typer.echo(f"{done['new']['key']} is active; {done['rewrapped']} data keys were wrapped anew.")
    else:
        typer.echo(f"{done['new']['key']} is published, and signs from {moment(done['activate_at'])}.")


@_group.command(epilog="Example: ringfence keys suspend token --why 'odd use at night'")
def suspend(key: Key, why: Why = "operator", policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Stop using a key until a doubt is settled: nothing is signed with it, and what it signed is refused."""
    _moved(policy, key, "suspend", why)


@_group.command(epilog="Example: ringfence keys resume token")
def resume(key: Key, why: Why = "operator", policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Take a suspended key into use again."""
    _moved(policy, key, "resume", why)


@_group.command(epilog="Example: ringfence keys destroy key_…")
def destroy(key: Key, why: Why = "operator", policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Destroy a key that was replaced or never used. There is no way back."""
    _moved(policy, key, "destroy", why)


@_group.command(epilog="Example: ringfence keys inventory > cbom.json")
def inventory(policy: PolicyFile = DEFAULT_POLICY) -> None:
    """Print every key, certificate and algorithm in use, as a CycloneDX bill of cryptographic materials."""
    with Management(policy) as management:
        items, clients = management.get("/keys")["items"], management.get("/clients")["items"]
    try:
        print_json(inventory_of(policy, items, datetime.fromtimestamp(system_clock(), UTC), clients))
    except PolicyMistakes as mistakes:
        fail(str(mistakes), "Mend the policy: ringfence check", REFUSED)


@_group.command(epilog="Example: ringfence keys compromise token --dry-run")
def compromise(
    key: Key,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what the key has touched.")] = False,
    why: Why = "operator",
    wait: Annotated[bool, typer.Option(help="Wait for the approvals, and until it is done.")] = True,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Declare a key compromised: replace it, refuse what it signed, wrap anew what it wrapped.

    It takes two operators (`signer.operators` in the policy) who approve it, none of them who asked for it.
    """
    with Management(policy) as management:
        if dry_run:
            (print_json if as_json else _print_touched)(management.get(f"/keys/{segment(key)}/touched"))
            return
        wish = management.post(f"/keys/{segment(key)}/compromise", {"why": why})
        if not as_json:
            _ask_for_approvals(wish, policy)
        if wait:
            wish = _followed(management, wish)
    (print_json if as_json else _print_done)(wish)


@_group.command(epilog="Example: ringfence keys shred client:client_… --dry-run")
def shred(
    tenant: Annotated[str, typer.Argument(help="`client:` and its id, `user:` and their id, or `shared`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is kept for it.")] = False,
    why: Why = "operator",
    wait: Annotated[bool, typer.Option(help="Wait for the approvals, and until it is done.")] = True,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Destroy every data key of a client or customer: what they protected is lost for good.

    It takes two operators (`signer.operators` in the policy) who approve it, none of them who asked for it.
    """
    with Management(policy) as management:
        if dry_run:
            (print_json if as_json else print_record)(management.get(f"/key-tenants/{segment(tenant)}"))
            return
        wish = management.post("/key-shreddings", {"tenant": tenant, "why": why})
        if not as_json:
            _ask_for_approvals(wish, policy)
        if wait:
            wish = _followed(management, wish)
    if as_json:
        print_json(wish)
    elif wish["done"]:
        typer.echo(f"{wish['shredded']} data keys of {wish['tenant']} are gone for good.")
    else:
        typer.echo(_NOT_YET)


@_group.command(epilog="Example: ringfence keys approve wish_… --socket /run/ringfence/approve.sock")
def approve(
    wish: Annotated[str, typer.Argument(help="Its id.")], socket: Socket = None, policy: PolicyFile = DEFAULT_POLICY
) -> None:
    """Approve a wish as the operator that you are: the kernel says who runs this."""
    done = _as_operator(socket or approval_socket(policy), "approve", wish)
    what = f"{done['wish']}, to {done['wants']} ({done['why']})"
    typer.echo(f"{len(done['approved_by'])} of {done['needs']} have approved {what}.")


@_group.command(epilog="Example: ringfence keys wishes --socket /run/ringfence/approve.sock")
def wishes(socket: Socket = None, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List what operators are asked to approve, newest first."""
    items = _as_operator(socket or approval_socket(policy), "wishes", "")
    if as_json:
        print_json(items)
        return
    rows = (
        (
            w["wish"],
            w["wants"],
            w["why"],
            w["asked_by"],
            w["approved_by"],
            moment(w["expires_at"]),
            "yes" if w["done"] else "no",
        )
        for w in items
    )
    print_table(("wish", "wants to", "why", "asked by", "approved by", "until", "done"), rows, "There is no wish.")


@_group.command("import-offer", epilog="Example: ringfence keys import-offer data@client:client_… -o wrapping.pem")
def import_offer(
    purpose: Annotated[str, typer.Argument(help="`data`, or a tenant's: `data@client:…`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the public key is written, in PEM.")],
    why: Why = "operator",
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Get a public key that a customer wraps a KEK of their own for; it is good for one import within a day."""
    with Management(policy) as management:
        offer = management.post(f"/keys/{segment(purpose)}/import-offer", {"why": why})
    output.write_text(offer["public_key"], "ascii")
    typer.echo(f"{offer['import']}, until {moment(offer['expires_at'])}: {offer['algorithm']} by {output}")


@_group.command("import", epilog="Example: ringfence keys import import_… --file wrapped.key")
def import_(
    offer: Annotated[str, typer.Argument(metavar="IMPORT", help="As `import-offer` named it.")],
    file: Annotated[Path, typer.Option(help="The wrapped KEK, as bytes.", exists=True, dir_okay=False)],
    why: Why = "operator",
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Put a customer's own KEK in force; what the one before it wraps is wrapped anew.

    One for `data` itself wraps what all tenants have, so two operators have to approve it first (`signer.operators`).
    """
    body = {"wrapped": base64.b64encode(file.read_bytes()).decode("ascii"), "why": why}
    with Management(policy) as management:
        key = management.post(f"/key-imports/{segment(offer)}", body)
    if "wish" in key:
        typer.echo(f"It wants to {key['wants']}: {key['why']}.")
        _ask_for_approvals(key, policy)
        return
    typer.echo(f"{key['key']} is {key['state']}, {key['origin']} for {key['purpose']}.")


@_group.command("seal", epilog="Example: ringfence keys seal")
def seal_(
    policy: PolicyFile = DEFAULT_POLICY,
    old_passphrase_file: Annotated[
        Path | None, typer.Option(help="File with the passphrase that seals it now, if one does.")
    ] = None,
) -> None:
    """Seal the root key by what `signer.seal` in the policy names, while Ringfence is stopped."""
    try:
        seal(policy, old_passphrase_file, os.environ)
    except PolicyMistakes as mistakes:
        fail(str(mistakes), "", REFUSED)
    except KeyUnusable as why:
        fail(str(why), "", REFUSED)
    typer.echo("The root key is sealed.")


def _ask_for_approvals(wish: dict[str, Any], policy: Path) -> None:
    typer.echo(f"Two operators have to approve, until {moment(wish['expires_at'])}. Each runs, as themselves:")
    typer.echo(f"  ringfence keys approve {wish['wish']} --socket {approval_socket(policy)}")


def _moved(policy: Path, key: str, action: str, why: str) -> None:
    with Management(policy) as management:
        done = management.post(f"/keys/{segment(key)}/{action}", {"why": why})
    typer.echo(f"{done['key']} is {done['state']}.")


def _as_operator(socket: Path, action: str, wish: str) -> Any:
    try:
        return asyncio.run(operator(socket, action, wish))
    except SignerRefused as why:
        fail(f"Not done: {why}.", "", REFUSED)
    except Unavailable as why:
        fail(f"Nobody answers at {socket}: {why}", "Name it with --socket; its directory has to let you in.")


def _followed(management: Management, wish: dict[str, Any]) -> dict[str, Any]:
    """Show how a wish fares until it is done or has expired."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("approvals", total=wish["needs"])
        wrapped = None
        while not wish["done"]:
            time.sleep(LOOK_EVERY)
            wish = management.get(f"/key-wishes/{segment(wish['wish'])}")
            progress.update(bar, completed=len(wish["approved_by"]))
            if wish["seconds"] is None:
                if wish["expired"]:
                    break
                continue
            total = wish["rewrapped"] + wish["left"]
            wrapped = progress.add_task("data keys", total=total) if wrapped is None else wrapped
            progress.update(wrapped, completed=wish["rewrapped"], total=total)
    return wish


def _print_touched(touched: dict[str, Any]) -> None:
    key = touched["key"]
    print_record(
        {
            "key": key["key"],
            "purpose": key["purpose"],
            "state": key["state"],
            "signatures": touched["signatures"],
            "data keys": touched["data_keys"],
            "tenants": touched["tenants"] or "–",
            "fields": touched["fields"] or "–",
            "partners": touched["partners"] or "–",
            "first use": moment(touched["first_use"]),
            "last use": moment(touched["last_use"]),
        }
    )
    typer.echo("Nothing was changed.")


def _print_done(wish: dict[str, Any]) -> None:
    if not wish["done"]:
        typer.echo(_NOT_YET)
        return
    rate = wish["rewrapped"] / wish["seconds"] if wish["seconds"] else 0
    typer.echo(f"{wish['key']} is compromised; {wish['new_key'] or 'nothing'} takes its place.")
    typer.echo(
        f"Tokens it signed are refused: {wish['tokens_signed']} ever, ended ones too. {wish['rewrapped']} data keys wrapped anew ({rate:,.0f} a second),"
        f" {wish['left']} unreachable, in {wish['seconds']:.2f} s."
    )
