"""Declare a key compromised: replace it, take it out of the public keys, wrap anew what it wrapped.  NIST SP 800-57 part 1 §8.4.

It takes a wish and the approval of two operators, none of whom wished for it. Who they are is known by the kernel.
To shred what a tenant has (`keys.shredding`) and to import a key for all tenants (`keys.imports`) take the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from ringfence.clock import Instant, Seconds
from ringfence.custody.wire import Done, Manage, Refusal, Reply, SignerRefused
from ringfence.ids import new_id
from ringfence.keys.keeper import Keeper
from ringfence.keys.records import Journey, KeyRecord, Wish
from ringfence.keys.rotation import go_on
from ringfence.keys.shredding import kept_for, shred, wrapping_key
from ringfence.keys.states import NotAllowed, State, move
from ringfence.keys.succession import follow_up
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

APPROVALS: Final = 2

WISH_SECONDS: Final[Seconds] = 3600.0
"""A wish that nobody has approved by then is none any more: what two people saw is what they approve."""


OVER: Final = frozenset({State.COMPROMISED, State.DESTROYED})
"""A wish is done only when its key is in one of these."""


IMPORT: Final = "import"
"""The kind of a wish that a key from outside is put in force for all tenants."""


OnImport = Callable[[Wish, str, Instant], Awaitable[Journey]]


async def _nothing_to_import(_wish: Wish, _by: str, _now: Instant) -> Journey:
    raise SignerRefused("unknown", "nothing is held to be imported")


class Compromise:
    """Wishes, approvals, and what follows."""

    def __init__(self, keeper: Keeper, operators: frozenset[int]) -> None:
        """Take the keys, and the user ids of those who may approve."""
        self._keeper = keeper
        self.operators = operators
        self.on_import: OnImport = _nothing_to_import
        """Puts an imported key in force that was approved: who holds it sets this.  Raises SignerRefused, NotAllowed."""
        self._work: set[asyncio.Task[None]] = set()

    def wish(self, key: KeyRecord, by: str, why: str) -> Wish:
        """Write a wish down and return it.

        Raises:
            SignerRefused: too few operators are named for it ever to be approved.
            NotAllowed: the key's state has nothing to do with it any more.
        """
        move(key.state, State.COMPROMISED)
        return self._wished(key, by, why)

    def wish_to_shred(self, tenant: str, by: str, why: str) -> Wish:
        """Write down that a tenant's data keys are to go for good.  Raises SignerRefused, also where there are none."""
        kept_for(self._keeper, tenant)
        return self._wished(wrapping_key(self._keeper, tenant), by, why, tenant)

    def wish_to_import(self, key: KeyRecord, by: str, why: str) -> Wish:
        """Write down that a key from outside is to take this one's place.  Raises SignerRefused."""
        return self._wished(key, by, why, kind=IMPORT)

    def demand_two(self, by: str) -> None:
        """Return if two could approve what somebody wishes.  Raises SignerRefused."""
        able = [uid for uid in self.operators if f"uid:{uid}" != by]
        if len(able) < APPROVALS:
            raise SignerRefused(
                "approval", f"name {APPROVALS} operators in signer.operators who can approve: {len(able)} can"
            )

    def _wished(self, key: KeyRecord, by: str, why: str, tenant: str = "", kind: str = "") -> Wish:
        self.demand_two(by)
        now = self._keeper.clock()
        wish = Wish(
            wish_id=new_id("wish", self._keeper.random),
            key_id=key.key_id,
            why=why,
            asked_by=by,
            asked_at=now,
            expires_at=Instant(now + WISH_SECONDS),
            tenant=tenant,
            kind=kind,
        )
        self._keeper.ledger.add_wish(wish)
        return wish

    async def answer(self, uid: int, request: Manage) -> Reply:
        """Return the reply to an operator at the approval socket: they may look at wishes, and approve."""
        if uid not in self.operators:
            return Refusal("not-allowed", f"uid {uid} is not among signer.operators")
        try:
            match request.action:
                case "wishes":
                    return Done([self.shown(wish) for wish in self._keeper.ledger.wishes()])
                case "approve":
                    return Done(await self.approve(request.key, uid))
                case _:
                    return Refusal("unknown", "here, wishes are looked at and approved")
        except SignerRefused as why:
            return Refusal(why.kind, str(why))
        except NotAllowed as why:
            return Refusal("state", str(why))
        except Unavailable as why:
            return Refusal("unavailable", str(why))

    async def approve(self, wish_id: str, uid: int) -> dict[str, Any]:
        """Add an approval; the one that makes them two has it done.

        Raises:
            SignerRefused: it is one's own wish, has expired, or is not there.
        """
        keeper = self._keeper
        wish, now = keeper.ledger.wish(wish_id), keeper.clock()
        if wish is None:
            raise SignerRefused("unknown", f"there is no wish {wish_id[:80]!r}")
        if wish.asked_by == f"uid:{uid}":
            raise SignerRefused("approval", "nobody approves a wish of their own")
        if wish.done_at is None and now >= wish.expires_at:
            raise SignerRefused("approval", "the wish has expired: ask again")
        who = keeper.ledger.approve(wish, uid, now)
        keeper.tell()
        if len(who) >= APPROVALS and wish.done_at is None:
            by = "+".join(f"uid:{one}" for one in who)
            if wish.tenant:
                await shred(keeper, wish, by, now)
                return self.shown(keeper.ledger.wish(wish_id) or wish)
            async with keeper.moving[self._key_of(wish).purpose]:
                wish = keeper.ledger.wish(wish_id) or wish
                if wish.done_at is None and wish.kind == IMPORT:
                    self.go_on_beside(await self.on_import(wish, by, now), by)
                elif wish.done_at is None:
                    self._begin(wish, by, now)
        return self.shown(keeper.ledger.wish(wish_id) or wish)

    def shown(self, wish: Wish) -> dict[str, Any]:
        """Return a wish, who has approved it, and how far what follows has come: time and counts."""
        ledger = self._keeper.ledger
        began = ledger.journey(wish.journey_id) if wish.journey_id else None
        journey = ledger.journey(began.taken_over_by) if began is not None and began.taken_over_by else began
        ended = journey.finished_at if journey else wish.done_at
        if not wish.tenant and wish.kind != IMPORT and self._key_of(wish).state not in OVER:
            ended = None
        started = wish.done_at
        left = 0 if wish.tenant else ledger.left_under(wish.key_id)
        signed = sum(one.count for one in ledger.uses(wish.key_id) if one.operation == "sign-token")
        seconds = None if started is None else (self._keeper.clock() if ended is None else ended) - started
        return {
            "wish": wish.wish_id,
            "wants": self._wanted(wish),
            "key": wish.key_id,
            "tenant": wish.tenant,
            "shredded": wish.shredded,
            "why": wish.why,
            "asked_by": wish.asked_by,
            "approved_by": [f"uid:{uid}" for uid in ledger.approved_by(wish.wish_id)],
            "needs": APPROVALS,
            "expires_at": wish.expires_at,
            "done": ended is not None,
            "expired": started is None and self._keeper.clock() >= wish.expires_at,
            "new_key": journey.new if journey else "",
            "rewrapped": sum({one.journey_id: one.rewrapped for one in (began, journey) if one}.values()),
            "left": left,
            "tokens_signed": signed if started is not None else 0,
            "seconds": seconds,
        }

    def _wanted(self, wish: Wish) -> str:
        if wish.kind == IMPORT:
            return f"import {self._key_of(wish).purpose}"
        return f"shred {wish.tenant}" if wish.tenant else f"compromise {wish.key_id}"

    def _key_of(self, wish: Wish) -> KeyRecord:
        key = self._keeper.ledger.key(wish.key_id)
        assert key is not None  # keys are never removed from the ledger
        return key

    def _begin(self, wish: Wish, by: str, now: Instant) -> None:
        """Write down what is to follow, then go on with it beside the answer; the schedule does after a restart."""
        keeper = self._keeper
        key = self._key_of(wish)
        with keeper.ledger.change():  # killed here, none of it has happened, and an approval has it done again
            journey, ended = follow_up(keeper, key, wish.why, by, now)
            keeper.ledger.fulfil_wish(wish.wish_id, journey.journey_id if journey else "", now)
        if ended is not None:
            keeper.changed(ended)
        if journey is not None:
            self.go_on_beside(journey, by)

    def go_on_beside(self, journey: Journey, by: str) -> None:
        """Go on with a rotation beside the answer."""
        task = asyncio.get_running_loop().create_task(self._follow(journey, by))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _follow(self, journey: Journey, by: str) -> None:
        keeper = self._keeper
        try:
            async with keeper.moving[journey.purpose]:
                now_so = keeper.ledger.journey(journey.journey_id)
                if now_so is not None and now_so.finished_at is None:
                    await go_on(keeper, now_so, keeper.clock(), by)
        except Exception as why:  # noqa: BLE001 - it stays in the journal, and the schedule goes on with it
            _log.error("a key is not replaced yet", key=journey.old, kind=type(why).__name__)
