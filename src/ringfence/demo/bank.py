"""Alder Bank: the demonstration's API behind the gateway, as an ASGI service of its own.

It trusts the gateway in front of it: which customer and partner a call is for stands in the fields that the
gateway sets (`x-ringfence-user`, `x-ringfence-client`). Run it with

    python -m ringfence.demo.bank --port 9000 --ledger alder.db

Handlers call SQLite in the event loop: the longest query takes some tens of microseconds, less than a thread
hop would.
"""

import argparse
import asyncio
import math
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringfence.clock import Clock, Instant, system_clock
from ringfence.demo import views
from ringfence.demo.ledger import Account, Declined, Ledger
from ringfence.demo.orders import read_order
from ringfence.ids import Random, system_random

MOST_BODY_BYTES: Final = 65_536
"""A payment larger than that is not read; the gateway refuses earlier."""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Caller:
    """Whom the gateway says a call is for."""

    user_id: str
    client: str


class Bank:
    """The handlers of the API over one open ledger."""

    def __init__(self, ledger: Ledger, clock: Clock, random: Random) -> None:
        """Take the ledger, and where time and new names come from."""
        self._ledger = ledger
        self._clock = clock
        self._random = random
        self._calls = 0

    def app(self) -> Starlette:
        """Return the service."""
        return Starlette(
            routes=[
                self._route("/accounts", self.accounts),
                self._route("/accounts/{account_id}", self.account),
                self._route("/accounts/{account_id}/balances", self.balances),
                self._route("/accounts/{account_id}/transactions", self.transactions),
                self._route("/domestic-payments", self.pay, "POST"),
                self._route("/domestic-payments/{payment_id}", self.payment),
                # Not under a path that the gateway forwards: only who reaches the bank's own port can ask.
                Route("/__count", self.count, methods=["GET"]),
            ]
        )

    async def accounts(self, request: Request) -> Response:
        """List the caller's accounts."""
        return views.accounts("/accounts", self._ledger.accounts(_caller(request).user_id))

    async def account(self, request: Request) -> Response:
        """Show one account."""
        found = self._account(request)
        return views.accounts(f"/accounts/{found.account_id}", [found])

    async def balances(self, request: Request) -> Response:
        """Show an account's balance."""
        return views.balance(self._account(request), self._clock())

    async def transactions(self, request: Request) -> Response:
        """List an account's transactions, a page at a time."""
        found = self._account(request)
        query = request.query_params
        since = _time(query.get("fromBookingDateTime"), Instant(0.0), "fromBookingDateTime")
        until = _time(query.get("toBookingDateTime"), Instant(math.inf), "toBookingDateTime")
        page = _page(query.get("page", "1"))
        booked, pages = self._ledger.bookings(found.account_id, since, until, page)
        return views.transactions(found, booked, page, pages, request.url.include_query_params)

    async def pay(self, request: Request) -> Response:
        """Make a payment."""
        caller = _caller(request)
        key = request.headers.get("x-idempotency-key")
        order = read_order(await _body(request), caller.user_id, caller.client, key)
        return views.payment(self._ledger.pay(order, self._clock(), self._random), 201)

    async def payment(self, request: Request) -> Response:
        """Show a payment."""
        caller = _caller(request)
        found = self._ledger.payment(caller.user_id, caller.client, request.path_params["payment_id"])
        if found is None:
            raise Declined("Resource.NotFound", "There is no such payment", status=404)
        return views.payment(found, 200)

    async def count(self, _: Request) -> Response:
        """Say how many calls and payments there were: what shows that a refused call never got here."""
        return views.json({"calls": self._calls, "payments": self._ledger.payment_count()}, 200)

    def _route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        async def counted(request: Request) -> Response:
            self._calls += 1
            try:
                return await handler(request)
            except Declined as declined:
                return views.declined(declined)

        return Route(path, counted, methods=[method])

    def _account(self, request: Request) -> Account:
        found = self._ledger.account(_caller(request).user_id, request.path_params["account_id"])
        if found is None:
            raise Declined("Resource.NotFound", "There is no such account", status=404)
        return found


def _caller(request: Request) -> Caller:
    user, client = request.headers.get("x-ringfence-user", ""), request.headers.get("x-ringfence-client", "")
    if not user or not client:
        raise Declined("Caller.Unknown", "The gateway did not say who calls", status=401)
    return Caller(user, client)


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise Declined("Body.TooLarge", "The body is too large", status=413)
    return body


def _time(text: str | None, default: Instant, name: str) -> Instant:
    if text is None:
        return default
    try:
        read = datetime.fromisoformat(text)
        return Instant((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Declined("Field.Invalid", "It is not a time in ISO 8601", name) from None


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 10_000):  # noqa: PLR2004 as the document says
        raise Declined("Field.Invalid", "It is not a page between 1 and 10000", "page")
    return int(text)


async def serve(port: int, ledger: Path) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT."""
    with Ledger(ledger) as opened:
        opened.seed(system_clock())
        server = Server(
            Bank(opened, system_clock, system_random).app(),
            port=port,
            interface=Interfaces.ASGINL,
            websockets=False,
            log_enabled=False,
        )
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, server.stop)
        await server.serve()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m ringfence.demo.bank", description="Serve Alder Bank's APIs.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--ledger", type=Path, required=True, help="SQLite file; made and filled if it is not there")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(arguments.port, arguments.ledger))


if __name__ == "__main__":
    main()
