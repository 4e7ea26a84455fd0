"""`python -m bench.protect`: what protecting a field costs, and a payment with four protected fields beside one without.

CPU time of one process, over a real keeper (local keys) and real records (SQLite); wall time where a row waits for the
disk. Prints a table and writes
`bench/results/protect.json`.
"""

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.documents import PAYMENTS, document
from ringfence.clock import Instant, monotonic_seconds
from ringfence.gateway.conform import conform
from ringfence.gateway.forward import forward
from ringfence.gateway.protect import closed, keys_at_hand, opened, protect
from ringfence.gateway.stages import (
    Assessed,
    Attested,
    Constrained,
    Identified,
    Limited,
    Located,
    Screened,
    Spent,
)
from ringfence.gateway.validate import validate
from ringfence.ids import CorrelationId
from ringfence.message import Headers, Peer, Request, Response, TraceContext
from ringfence.policy.document import parse_document
from ringfence.policy.model import ApiVersion, Demands, Upstream
from ringfence.policy.openapi import compile_document
from ringfence.policy.operations import Operation
from ringfence.policy.protection_model import Protect
from ringfence.proofs.access_token import AccessToken
from tests.field_keys import Fields, field, open_fields, whom

RESULTS: Final = Path(__file__).with_name("results") / "protect.json"
ROUNDS: Final = 9
COUNT: Final = 500
FEW: Final = 50
"""Of what waits for the disk."""
AIM: Final = 100.0
"""Microseconds that four fields may add to a payment."""

IBAN: Final = "GB29NWBK60161331926819"
PAYMENT: Final[dict[str, Any]] = {
    "Data": {
        "Initiation": {
            "InstructionIdentification": "HP-2026-0001",
            "EndToEndIdentification": "SHARED-LUNCH",
            "InstructedAmount": {"Amount": "24.60", "Currency": "GBP"},
            "DebtorAccount": {"SchemeName": "UK.OBIE.IBAN", "Identification": IBAN, "Name": "Ann Other"},
            "CreditorAccount": {"SchemeName": "UK.OBIE.IBAN", "Identification": IBAN, "Name": "Harbour Café"},
        }
    },
    "Risk": {"PaymentContextCode": "TransferToThirdParty"},
}
FOUR: Final = tuple(
    f"/Data/Initiation/{account}/{member}"
    for account in ("DebtorAccount", "CreditorAccount")
    for member in ("Identification", "Name")
)
JSON: Final[Headers] = (("content-type", "application/json"),)
TOKEN: Final = AccessToken(
    "h", "j", "client", "user", "user", frozenset({"payments"}), "grant", Instant(0), Instant(9e9), Instant(0), "k", "", None, ""
)  # fmt: skip


class Figure(msgspec.Struct, frozen=True):
    """One row: microseconds, the middle of several rounds."""

    name: str
    us: float


class Api:
    """An upstream that answers at once: with what it was sent, or with the payment in clear."""

    def __init__(self, answer: bytes = b"") -> None:
        """Answer with this, or with what it was sent."""
        self.sent = b""
        self.answer = answer

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        """Return an answer."""
        del name, upstream, method, target, headers
        self.sent = body
        return Response(201, JSON, self.answer or body)


async def timed(
    work: Callable[[], Awaitable[object]], count: int, clock: Callable[[], float] = time.process_time
) -> float:
    """Return microseconds a call by a clock, the middle of `ROUNDS` rounds."""
    rounds = []
    await work()
    for _ in range(ROUNDS):
        started = clock()
        for _ in range(count):
            await work()
        rounds.append((clock() - started) / count * 1e6)
    return statistics.median(rounds)


async def mode_rows(fields: Fields) -> list[Figure]:
    """Return what each mode costs a field of 22 characters."""
    found = []
    for name, rule, count in (
        ("encrypt", field("/a", "encrypt"), COUNT),
        ("deterministic", field("/a", "deterministic"), COUNT),
        ("blind_index", field("/a", "blind_index"), COUNT),
        ("mask", field("/a", "mask"), COUNT),
        ("tokenise, a new token (on the disk)", field("/a", "tokenise"), FEW),
        ("tokenise, the same token again", field("/a", "tokenise", same_token=True), COUNT),
    ):

        async def one(rule: Any = rule) -> None:
            await fields.protector.apply({"a": IBAN}, (rule,), whom(), to="upstream")

        found.append(Figure(name, await timed(one, count, monotonic_seconds if count == FEW else time.process_time)))
    for name, sealing, opening in (
        ("open, of encrypt", field("/a", "encrypt"), field("/a", "open")),
        ("open, of deterministic", field("/a", "deterministic"), field("/a", "open")),
        ("detokenise", field("/a", "tokenise"), field("/a", "detokenise")),
    ):
        sealed: dict[str, Any] = {"a": IBAN}
        await fields.protector.apply(sealed, (sealing,), whom(), to="upstream")

        async def back(sealed: Any = sealed, rule: Any = opening) -> None:
            await fields.protector.apply(dict(sealed), (rule,), whom(), to="caller")

        found.append(Figure(name, await timed(back, COUNT)))
    return found


def operation(rules: tuple[Protect, ...]) -> Operation:
    """Return the payment operation of the bench's document, its answer declared like its request."""
    written = document(2)
    post = written["paths"][PAYMENTS]["post"]
    post["responses"] = {"201": {"description": "Made.", "content": post["requestBody"]["content"]}}
    version = ApiVersion(
        name="v4", openapi="d", upstream=Upstream(url="http://u"), defaults=Demands(scopes=("payments",), protect=rules)
    )
    compiled = compile_document(parse_document(msgspec.json.encode(written), "d"), "bench", version, {})
    return next(one for one in compiled.operations if one.method == "POST")


def payment(made: Operation) -> Callable[[], Spent]:
    """Return what makes a payment that has passed all decisions, anew for each call: fields are changed in place."""
    body = msgspec.json.encode(PAYMENT)
    request = Request(
        method="POST", scheme="https", authority="a", path=made.template, query="", headers=JSON, body=b"",
        peer=Peer(""), correlation=CorrelationId("c" * 26), trace=TraceContext("1", "1", sampled=False),
    )  # fmt: skip
    limited = Limited(Assessed(Identified(Located(request, made, {}, made.template), TOKEN, None)), -1)
    return lambda: Spent(Constrained(Screened(validate(Attested(limited, body, body), 32))))


async def payment_rows(fields: Fields) -> list[Figure]:
    """Return what validation, protection, forwarding and the answer cost, without and with four fields both ways."""
    there = tuple(Protect(at=at, on="request", mode="encrypt") for at in FOUR)
    back = tuple(Protect(at=at, on="answer", mode="open") for at in FOUR)
    found = []
    for name, rules in (
        ("payment, no field protected", ()),
        ("payment, four fields encrypted to the API", there),
        ("payment, four fields encrypted and opened again", (*there, *back)),
    ):
        made = operation(rules)
        fresh, api = payment(made), Api(msgspec.json.encode(PAYMENT) if rules == there else b"")

        async def call(made: Operation = made, fresh: Callable[[], Spent] = fresh, api: Api = api) -> Response:
            spent = fresh()
            await keys_at_hand(spent.constrained, fields.protector)
            answer = await forward(await protect(spent, fields.protector), api)
            conformed = await conform(await opened(answer, spent, fields.protector), "POST", made)
            return await closed(conformed.response, spent, fields.protector)

        response = await call()
        if IBAN.encode() not in (response.body if isinstance(response.body, bytes) else b""):
            raise RuntimeError("the answer lost its fields")
        if (IBAN.encode() in api.sent) is bool(rules):
            raise RuntimeError("the bench measures something else than it says")
        found.append(Figure(name, await timed(call, COUNT)))
    return found


async def measured(folder: Path) -> tuple[list[Figure], int]:
    """Return the rows, and how often the signer was asked while the payments ran."""
    fields = await open_fields(folder)
    modes = await mode_rows(fields)
    await payment_rows(fields)  # warm
    asked = fields.signer.asked
    payments = await payment_rows(fields)
    asked = fields.signer.asked - asked
    await fields.records.close()
    return [*modes, *payments], asked


def main() -> None:
    """Run the bench."""
    with tempfile.TemporaryDirectory(prefix="rfbench-") as name:
        rows, asked = uvloop.run(measured(Path(name)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode({"rows": rows, "signer_asked": asked})) + b"\n")
    table = Table("what", "µs")
    for one in rows:
        table.add_row(one.name, f"{one.us:,.1f}")
    console = Console()
    console.print(table)
    plain, there, both = (one.us for one in rows[-3:])
    console.print(f"Four fields add {there - plain:.0f} µs one way and {both - plain:.0f} both ways, of {AIM:.0f}.")
    console.print(f"The signer was asked {asked} times by {3 * ROUNDS * COUNT:,} payments.")


if __name__ == "__main__":
    main()
