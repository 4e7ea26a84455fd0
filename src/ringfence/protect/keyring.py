"""The keys of fields: unwrapped by the signer, held for a while, counted, replaced by age and use.  NIST SP 800-57 part 1 §5.3; NIST SP 800-38D §8.3.

Which versions a field's key has stands in the records; the keys themselves lie wrapped with the signer. What a worker
holds ends with `seconds`, all of a field at once: until then it needs neither of the two, and then both.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ringfence.clock import Clock, Instant, Seconds
from ringfence.custody.limits import BLOCK, HARD
from ringfence.custody.wire import Context, DataKey, SignerRefused
from ringfence.protect.binding import STABLE, Scope
from ringfence.protect.envelope import GCM, SIV, head_of
from ringfence.protect.ports import Custody, Opened
from ringfence.protect.uses import Uses
from ringfence.store.interface import Unavailable
from ringfence.store.protection_model import FieldKey

PURPOSE: Final = "data"
"""Of the signer's keys that wrap ours."""

SIV_BYTES: Final = 64
"""AES-256-SIV takes two keys of 32 bytes (RFC 5297 §2.2)."""

_TRIES: Final = 4
"""Times that somebody else may have been quicker."""


class Rotation(msgspec.Struct, frozen=True):
    """How long keys are held, and when they are replaced."""

    seconds: Seconds = 300.0
    fields: int = 10_000
    age: Seconds = 90 * 86_400.0
    uses: int = 1 << 31


class Key:
    """A data key in the clear, ready for what it is for."""

    __slots__ = ("data_key", "equal", "head", "random", "secret", "version")

    def __init__(self, made: DataKey, version: int, scope: Scope) -> None:
        """Take what the signer gave."""
        self.data_key = made.data_key
        self.version = version
        self.secret = made.secret
        self.random = AESGCM(made.secret)
        self.equal: AESSIV | None = None
        self.head = head_of(GCM, made.kek, made.data_key, version)
        if scope.purpose == "deterministic":
            derived = HKDF(SHA256(), SIV_BYTES, salt=None, info=b"ringfence deterministic").derive(made.secret)
            self.equal = AESSIV(derived)
            self.head = head_of(SIV, "", made.data_key, version)

    def __repr__(self) -> str:
        """Return what names it."""
        return f"Key({self.data_key!r})"


class _Held:
    """What a worker holds of one field."""

    __slots__ = ("at_hand", "current", "keys", "left", "retired", "rows", "shredded", "until")

    def __init__(self, rows: list[FieldKey], until: Instant) -> None:
        self.rows = {row.data_key: row for row in rows}
        self.current: Key | None = None
        self.keys: dict[str, Key] = {}
        self.until = until
        self.left = 0
        self.at_hand = False
        self.shredded: set[str] = set()
        self.retired: set[str] = set()
        """Of those that are not the same for good: a key above them was compromised."""

    @property
    def newest(self) -> FieldKey | None:
        """The version that seals, unless its time is over."""
        return max(self.rows.values(), key=lambda row: row.version, default=None)


class Keyring:
    """The keys that one worker holds."""

    def __init__(self, records: Opened, custody: Custody, clock: Clock, uses: Uses, rotation: Rotation) -> None:
        """Hold nothing yet."""
        self.rotation = rotation
        self._records = records
        self._custody = custody
        self._clock = clock
        self._uses = uses
        self._held: OrderedDict[Scope, _Held] = OrderedDict()
        self._under_way: dict[tuple[str, Scope], asyncio.Future[_Held]] = {}

    def at_hand(self, scope: Scope, *, to_seal: bool) -> bool:
        """Say whether `ready` would return at once."""
        held = self._fresh(scope)
        if held is None:
            return False
        return held.current is not None and held.left > 0 if to_seal else held.at_hand

    async def ready(self, scope: Scope, *, to_seal: bool) -> None:
        """Return if values can be sealed under the scope now, or opened where there are any.  Raises Unavailable."""
        if to_seal:
            await self._usable(scope)
            return
        held = self._fresh(scope) or await self._hold(scope)
        if not held.at_hand and held.newest is not None:
            await self._opened(scope, held, held.newest)
        held.at_hand = True

    async def current(self, scope: Scope, operation: str) -> Key:
        """Return the key that seals, one use counted.

        Raises:
            Unavailable: the records or the signer are gone, or the key has been used up.
        """
        held = self._fresh(scope)
        key = held.current if held is not None and held.left > 0 else None
        if held is None or key is None:
            key, held = await self._usable(scope)
        held.left -= 1
        self._uses.note(key.data_key, operation, self._clock())
        return key

    async def named(self, scope: Scope, data_key: str, version: int) -> Key | None:
        """Return the key of that name, if it is one of the scope's versions.  Raises Unavailable."""
        held = self._fresh(scope) or await self._hold(scope)
        row = held.rows.get(data_key)
        if row is None or row.version != version:
            return None
        key = held.keys.get(data_key) or await self._opened(scope, held, row)
        if key is not None:
            self._uses.note(data_key, "open", self._clock())
        return key

    async def look_again(self, scope: Scope) -> None:
        """Read the versions of a scope's key once more: another worker may have made one.  Raises Unavailable."""
        held = await self._hold(scope)
        rows = await (await self._records()).field_keys(scope.tenant, scope.name)
        held.rows = {row.data_key: row for row in rows}

    def sweep(self) -> None:
        """Let go of the keys whose time is over: a field that nobody uses asks for none of them."""
        now = self._clock()
        for scope in [scope for scope, held in self._held.items() if now >= held.until]:
            del self._held[scope]

    def forget(self) -> None:
        """Let go of every key."""
        self._held.clear()

    def _fresh(self, scope: Scope) -> _Held | None:
        held = self._held.get(scope)
        if held is None:
            return None
        if self._clock() < held.until:
            self._held.move_to_end(scope)
            return held
        del self._held[scope]
        return None

    async def _hold(self, scope: Scope) -> _Held:
        return self._fresh(scope) or await self._once("load", scope, self._load)

    async def _usable(self, scope: Scope) -> tuple[Key, _Held]:
        """Return the key that seals, with at least one use of it leased."""
        for _ in range(_TRIES):
            held = self._fresh(scope)
            if held is not None and held.current is not None and held.left > 0:
                return held.current, held
            await self._once("prepare", scope, self._prepare)
        raise Unavailable(f"the key of {scope.name} changes hands too often")

    async def _once(self, what: str, scope: Scope, work: Callable[[Scope], Awaitable[_Held]]) -> _Held:
        """Do what everybody waits for once."""
        name = (what, scope)
        task = self._under_way.get(name)
        if task is None:
            task = self._under_way[name] = asyncio.ensure_future(work(scope))
            task.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(task)

    def _ended(self, name: tuple[str, Scope], done: "asyncio.Future[_Held]") -> None:
        self._under_way.pop(name, None)
        if not done.cancelled():
            done.exception()  # whoever waits is told; perhaps nobody waits any more

    async def _load(self, scope: Scope) -> _Held:
        rows = await (await self._records()).field_keys(scope.tenant, scope.name)
        held = self._held[scope] = _Held(rows, Instant(self._clock() + self.rotation.seconds))
        while len(self._held) > self.rotation.fields:
            self._held.popitem(last=False)
        return held

    async def _prepare(self, scope: Scope) -> _Held:
        """Have a version that may seal, unwrapped, with uses leased."""
        held = await self._hold(scope)
        newest, now = held.newest, self._clock()
        if newest is None or self._is_due(newest, scope, now):
            await self._make(scope, newest.version + 1 if newest else 1, now)
            held = await self._load(scope)
            newest = held.newest
        if newest is not None and held.current is None:
            held.current = await self._opened(scope, held, newest)
            if newest.data_key in held.shredded | held.retired:  # what comes now gets a key of its own
                await self._make(scope, newest.version + 1, now)
                held = await self._load(scope)
                newest = held.newest or newest
                held.current = await self._opened(scope, held, newest)
            if held.current is None:
                raise Unavailable(f"the signer does not open the key of {scope.name}")
        if held.current is not None and held.left <= 0:
            await self._lease(scope, held, held.current)
        return held

    def _is_due(self, newest: FieldKey, scope: Scope, now: Instant) -> bool:
        if scope.purpose in STABLE:
            return False
        old = now - newest.created_at >= self.rotation.age or newest.uses >= self.rotation.uses
        return newest.retired_at is not None or old

    async def _make(self, scope: Scope, version: int, now: Instant) -> None:
        """Have a version made; where another worker was quicker, its key counts."""
        try:
            made = await self._custody.generate(PURPOSE, _context(scope))
        except SignerRefused as why:
            raise Unavailable(f"signer: {why}") from None
        row = FieldKey(data_key=made.data_key, tenant=scope.tenant, field=scope.name, version=version, created_at=now)
        if not await (await self._records()).add_field_key(row):
            try:
                await self._custody.forget(made.data_key)
            except SignerRefused as why:
                raise Unavailable(f"signer: {why}") from None

    async def _lease(self, scope: Scope, held: _Held, key: Key) -> None:
        """Lease a block of uses, on the disk before the first of them; a key that may no longer be used is let go of."""
        records = await self._records()
        leased = await records.lease_field_key(key.data_key, BLOCK, HARD)
        if leased is not None:
            held.left += BLOCK
        elif scope.purpose in STABLE:
            raise Unavailable(f"the key of {scope.name} has been used up: raise its revision")
        else:
            self._held.pop(scope, None)
        if scope.purpose not in STABLE and (leased is None or leased >= self.rotation.uses):
            await records.retire_field_key(key.data_key, self._clock())

    async def _opened(self, scope: Scope, held: _Held, row: FieldKey) -> Key | None:
        """Return a version of the key, or None where the signer has it no more.  Raises Unavailable."""
        key = held.keys.get(row.data_key)
        if key is None:
            try:
                made = await self._custody.open(row.data_key, _context(scope))
            except SignerRefused as why:
                if why.kind == "shredded":
                    held.shredded.add(row.data_key)
                if why.kind in {"unknown", "failed", "shredded"}:
                    return None
                raise Unavailable(f"signer: {why}") from None
            if made.retire and scope.purpose not in STABLE:
                held.retired.add(row.data_key)
            key = held.keys[row.data_key] = Key(made, row.version, scope)
        return key


def _context(scope: Scope) -> Context:
    return Context(scope.tenant, scope.name, scope.subject)
