"""What operators ask of the keys over the management API: look, replace, suspend, resume, destroy.  NIST SP 800-57 part 1 §8."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from ringfence.clock import Seconds
from ringfence.custody.wire import Done, Manage, Refusal, Reply, SignerRefused
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.compromise import Compromise
from ringfence.keys.imports import Imports
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import PURPOSES, Use
from ringfence.keys.records import KeyRecord
from ringfence.keys.rotation import go_on, moved
from ringfence.keys.schedule import destroy, replace
from ringfence.keys.shredding import kept_for
from ringfence.keys.states import NotAllowed, State
from ringfence.keys.tenants import base_of, row_of, tenant_of
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

PATIENCE: Final[Seconds] = 10.0
"""How long an operator waits for a rotation; one that takes longer goes on by itself."""

LOOKS: Final = frozenset({"list", "show", "touched", "wish", "wishes", "kept"})
"""What changes nothing, and is answered whatever is on record."""

Act = Callable[[Manage, str], Awaitable[Any]]


class Management:
    """Answers what came in on the management API's socket."""

    def __init__(self, keeper: Keeper, compromise: Compromise) -> None:
        """Take the keys, and who has wishes approved."""
        self._keeper = keeper
        self._compromise = compromise
        self._imports = Imports(keeper, compromise)
        self._acts: Final[dict[str, Act]] = {
            "list": self._list,
            "show": self._show,
            "rotate": self._rotate,
            "suspend": self._suspend,
            "resume": self._resume,
            "destroy": self._destroy,
            "touched": self._touched,
            "compromise": self._wish,
            "wish": self._wished,
            "kept": self._kept,
            "shred": self._shred,
            "import-offer": self._import_offer,
            "import": self._import,
        }

    async def answer(self, caller: str, request: Manage) -> Reply:
        """Return the reply; whatever is wrong becomes a Refusal.

        Args:
            caller: who is at the other end of the socket, `uid:<n>`.
            request: what is asked; its `by` is who asked the management API.
        """
        act = self._acts.get(request.action)
        if act is None:
            return Refusal("unknown", f"nobody knows how to {request.action[:40]!r}")
        try:
            return Done(await act(request, request.by or caller))
        except SignerRefused as why:
            return Refusal(why.kind, str(why))
        except NotAllowed as why:
            return Refusal("state", str(why))
        except (BackendGone, BackendFailed, Unavailable) as why:
            _log.error("a change of keys is put off", action=request.action, why=str(why))
            return Refusal("unavailable", f"it stays under way and is gone on with: {why}")
        except Exception as why:  # noqa: BLE001 - the traceback could hold a secret: its kind is enough
            _log.error("a change of keys failed", action=request.action, kind=type(why).__name__)
            return Refusal("failed", "the signer failed")

    async def _list(self, request: Manage, _by: str) -> Any:
        keys = self._keeper.ledger.keys()
        return [self._shown(key) for key in keys if request.key in {"", key.purpose, base_of(key.purpose)}]

    async def _show(self, request: Manage, _by: str) -> Any:
        return self._in_full(self._named(request.key))

    async def _touched(self, request: Manage, _by: str) -> Any:
        return await self.touched(self._named(request.key))

    async def _rotate(self, request: Manage, by: str) -> Any:
        purpose = request.key if request.key in PURPOSES else self._named(request.key).purpose
        if row_of(purpose).of_log:
            raise NotAllowed(
                f"the audit log is known by its key of {purpose}: it is replaced only when it is compromised"
            )
        in_force = (k for k in self._keeper.ledger.keys(purpose) if k.state in {State.ACTIVE, State.SUSPENDED})
        if any(key.origin == "imported" for key in in_force):
            raise NotAllowed("it was imported: who gave it gives the next one (ringfence keys import-offer)")
        work = asyncio.get_running_loop().create_task(self._replaced(purpose, by, request.why or "asked for"))
        self._keeper.work.add(work)
        work.add_done_callback(self._keeper.work.discard)
        done, _ = await asyncio.wait([work], timeout=PATIENCE)
        journeys = [journey for journey in self._keeper.ledger.journeys() if journey.purpose == purpose]
        if done:
            await work  # which raises what went wrong
        journey = journeys[-1]
        new = self._keeper.ledger.key(journey.new)
        return {
            "purpose": purpose,
            "old": journey.old,
            "new": self._shown(new) if new else {"key": journey.new, "state": "not made yet"},
            "finished": journey.finished_at is not None,
            "activate_at": journey.activate_at,
            "rewrapped": journey.rewrapped,
        }

    async def _replaced(self, purpose: str, by: str, why: str) -> None:
        keeper = self._keeper
        async with keeper.moving[purpose]:
            now = keeper.clock()
            journey = next((j for j in keeper.ledger.journeys(unfinished=True) if j.purpose == purpose), None)
            if journey is None:
                await replace(keeper, purpose, now, by, why)
            else:
                await go_on(keeper, journey, now, by)

    async def _suspend(self, request: Manage, by: str) -> Any:
        return await self._moved(request, State.SUSPENDED, by)

    async def _resume(self, request: Manage, by: str) -> Any:
        key = self._named(request.key)
        if key.state is not State.SUSPENDED:
            raise NotAllowed(f"a key that is {key.state} cannot be resumed: a suspended one can")
        return await self._moved(request, State.ACTIVE, by)

    async def _destroy(self, request: Manage, by: str) -> Any:
        keeper = self._keeper
        async with keeper.moving[self._named(request.key).purpose]:
            key = self._named(request.key)
            under = keeper.ledger.left_under(key.key_id)
            if under:
                raise NotAllowed(f"{under} data keys are wrapped by it: rotate first, so that nothing is lost")
            return self._shown(await destroy(keeper, key, keeper.clock(), by, request.why or "asked for"))

    async def _wish(self, request: Manage, by: str) -> Any:
        return self._compromise.shown(self._compromise.wish(self._named(request.key), by, request.why or "asked for"))

    async def _kept(self, request: Manage, _by: str) -> Any:
        return kept_for(self._keeper, request.key)

    async def _shred(self, request: Manage, by: str) -> Any:
        wish = self._compromise.wish_to_shred(request.key, by, request.why or "asked for")
        return self._compromise.shown(wish)

    async def _import_offer(self, request: Manage, by: str) -> Any:
        return await self._imports.offer(request.key, by)

    async def _import(self, request: Manage, by: str) -> Any:
        taken = await self._imports.take(request.key, request.data, by, request.why or "asked for")
        return self._shown(taken) if isinstance(taken, KeyRecord) else self._compromise.shown(taken)

    async def _wished(self, request: Manage, _by: str) -> Any:
        wish = self._keeper.ledger.wish(request.key)
        if wish is None:
            raise SignerRefused("unknown", f"there is no wish {request.key[:80]!r}")
        return self._compromise.shown(wish)

    async def _moved(self, request: Manage, to: State, by: str) -> Any:
        keeper = self._keeper
        async with keeper.moving[self._named(request.key).purpose]:
            key = self._named(request.key)
            now = keeper.clock()
            changed = moved(key, to, now, request.why or "asked for")
            with keeper.ledger.change():
                keeper.ledger.replace_key(changed, key.state, by, now)
            keeper.changed(changed)
        return self._shown(changed)

    async def touched(self, key: KeyRecord) -> dict[str, Any]:
        """Return what a key has protected: data keys by tenant and field, uses by role, first and last use."""
        ledger = self._keeper.ledger
        self._keeper.uses.flush()
        uses = ledger.uses(key.key_id)
        wraps = row_of(key.purpose).use is Use.WRAP
        under = await asyncio.to_thread(ledger.count_under, key.key_id) if wraps else []
        return {
            "key": self._shown(key),
            "data_keys": sum(row["data_keys"] for row in under),
            "tenants": sorted({row["tenant"] for row in under}),
            "fields": sorted({row["field"] for row in under}),
            "by_field": under,
            "signatures": sum(one.count for one in uses if one.operation in {"sign", "sign-token"}),
            "first_use": min((one.first_at for one in uses), default=None),
            "last_use": max((one.last_at for one in uses), default=None),
        }

    def _in_full(self, key: KeyRecord) -> dict[str, Any]:
        return self._shown(key) | {
            "uses_by": [
                {"role": u.role, "operation": u.operation, "count": u.count, "first": u.first_at, "last": u.last_at}
                for u in self._keeper.ledger.uses(key.key_id)
            ],
            "data_keys": self._keeper.ledger.left_under(key.key_id),
        }

    def _shown(self, key: KeyRecord) -> dict[str, Any]:
        return {
            "key": key.key_id,
            "kid": key.kid,
            "purpose": key.purpose,
            "tenant": tenant_of(key.purpose),
            "algorithm": key.kind.value,
            "provider": key.provider,
            "state": key.state.value,
            "created_at": key.created_at,
            "activate_at": key.activate_at,
            "activated_at": key.activated_at,
            "deactivated_at": key.deactivated_at,
            "ended_at": key.ended_at,
            "uses_leased": key.uses,
            "why": key.why,
            "origin": key.origin,
        }

    def _named(self, named: str) -> KeyRecord:
        """Return the key of an id or `kid`, or the one of a purpose that is in force."""
        ledger = self._keeper.ledger
        if base_of(named) in PURPOSES:
            in_force = [k for k in ledger.keys(named) if k.state in {State.ACTIVE, State.SUSPENDED}]
            if in_force:
                return in_force[0]
        key = ledger.key(named)
        if key is None:
            raise SignerRefused("unknown", f"there is no key {named[:80]!r}")
        return key
