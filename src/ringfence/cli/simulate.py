"""`ringfence simulate`: made-up traffic as events, with attacks and their ground truth, to try rules on."""

import random
from collections import Counter
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import typer

from ringfence.cli.connection import REFUSED, AsJson, fail
from ringfence.cli.tables import print_json
from ringfence.clock import monotonic_seconds, system_clock
from ringfence.events import encode
from ringfence.ids import system_random
from ringfence.policy.load import PolicyMistakes, load
from ringfence.simulation.plan import FORMS, Form
from ringfence.simulation.rhythm import DAY
from ringfence.simulation.traffic import ATTACKS, Simulation

EARLIEST = 0.25
"""Where in the simulated time an attack may begin, as a share of it: there is honest traffic before and after."""
LATEST = 0.75
ACCOUNTS = "/open-banking/v4.0/aisp/accounts"
"""What the demo's partners read."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate", epilog="Example: ringfence simulate --attack stuffing --form distributed --seed 7")(
        simulate
    )


def simulate(
    attack: Annotated[
        list[str] | None, typer.Option(help=f"May be repeated; none: honest traffic alone. {', '.join(ATTACKS)}.")
    ] = None,
    form: Annotated[str, typer.Option(help="easy, slow or distributed.")] = "easy",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long, from a Monday on.")] = 1,
    entities: Annotated[int, typer.Option(min=10, max=1_000_000, help="Customers and partners together.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    events: Annotated[Path, typer.Option(help="File for the events, one JSON object a line.")] = Path("events.jsonl"),
    truth: Annotated[Path, typer.Option(help="File for what is true about lines of it.")] = Path("truth.jsonl"),
    against: Annotated[
        Path | None,
        typer.Option(help="Instead: carry out `--attack stuffing` against the running demo of this policy file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write made-up traffic with its ground truth; nothing is sent anywhere, unless `--against` names a running demo."""
    if against is not None:
        _attack(against, attack or [], as_json=as_json)
        return
    chosen = _form(attack or [], form)
    if events.absolute() == truth.absolute():
        fail("Events and truth cannot be one file.", "Name another with --truth.", REFUSED)
    rng, began = random.Random(seed), monotonic_seconds()  # noqa: S311 - made up, and the same each time
    world = Simulation(entities, rng)
    attacks = [
        world.attack(name, chosen, days * DAY * rng.uniform(EARLIEST, LATEST), number)
        for number, name in enumerate(attack or (), 1)
    ]
    lines, labelled = 0, Counter[str]()
    try:
        with events.open("wb") as written, truth.open("wb") as labels:
            for told in world.run(days, attacks):
                lines += 1
                written.write(encode(told.event) + b"\n")
                if told.truth is not None:
                    labelled[told.truth.attack or told.truth.mistake] += 1
                    labels.write(msgspec.json.encode({"line": lines} | msgspec.to_builtins(told.truth)) + b"\n")
    except OSError as error:
        fail(f"{error.filename or events}: {error.strerror}.", "", REFUSED)
    took = monotonic_seconds() - began
    if as_json:
        print_json({"events": lines, "labelled": labelled, "days": days, "seconds": round(took, 3)})
        return
    typer.echo(f"{lines} events of {days} days in {took:.1f} s: {events}")
    for name, count in labelled.most_common():
        typer.echo(f"  {count} of {name}")
    typer.echo(f"What is true about them: {truth}")


def _form(attacks: list[str], form: str) -> Form:
    for name in attacks:
        if name not in ATTACKS:
            fail(f"There is no attack {name!r}.", f"One of: {', '.join(ATTACKS)}", REFUSED)
    chosen = next((known for known in FORMS if known == form), None)
    if chosen is None:
        fail(f"There is no form {form!r}.", f"One of: {', '.join(FORMS)}", REFUSED)
    return chosen


def _attack(policy: Path, attacks: list[str], *, as_json: bool) -> None:
    """Attack what runs by a policy of this machine, and print the timeline; ends with 1 where something was not answered."""
    # Only this needs these.
    from ringfence.demo.live_attack import Moment, NotHere, stuffing  # noqa: PLC0415 - see above
    from ringfence.demo.partner import Unexpected  # noqa: PLC0415 - see above

    if attacks != ["stuffing"]:
        fail("Only one attack is carried out against what runs.", "Write: --attack stuffing", REFUSED)
    told: list[Moment] = []

    def tell(moment: Moment) -> None:
        told.append(moment)
        if not as_json:
            mark = f"{moment.after * 1000:+9.0f} ms" if moment.came else "    never   "
            typer.echo(f"{mark}  {moment.what}")

    try:
        loaded = load(policy)
        authority = policy.absolute().parent / "tls" / "ca.pem"
        good = stuffing(loaded, ACCOUNTS, authority, system_clock, system_random, tell)
    except (NotHere, Unexpected, PolicyMistakes, httpx.HTTPError, OSError) as why:
        fail(str(why), "Start what is to be attacked: ringfence demo --keep", REFUSED)
    if as_json:
        print_json([msgspec.to_builtins(moment) for moment in told])
    if not good:
        raise typer.Exit(REFUSED)
