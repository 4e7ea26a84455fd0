"""Field protection over a real keeper and real records, for tests of several packages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ringfence.custody.wire import Context, DataKey, Done, Forget, Generate, Refusal, Request, SignerRefused, Unwrap
from ringfence.events import Event
from ringfence.ids import system_random
from ringfence.keys.keeper import Keeper
from ringfence.policy.pointers import parts_of
from ringfence.policy.protection_model import Protect, ProtectedField
from ringfence.protect.keyring import Keyring, Rotation
from ringfence.protect.protector import Protector
from ringfence.protect.uses import Uses
from ringfence.protect.vault import Vault
from ringfence.protect.whom import Whom
from ringfence.store.interface import Unavailable
from ringfence.store.records import SqlRecords, open_records
from tests.keys_fixture import Clock, open_keeper

R = TypeVar("R")


class Signer:
    """The keeper as the gateway's socket reaches it; `gone` is a socket that nobody answers."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.gone = False
        self.asked = 0

    async def generate(self, purpose: str, context: Context) -> DataKey:
        return await self._ask(Generate(purpose, context), DataKey)

    async def open(self, data_key: str, context: Context) -> DataKey:
        return await self._ask(Unwrap(data_key, context), DataKey)

    async def forget(self, data_key: str) -> None:
        await self._ask(Forget(data_key), Done)

    async def _ask(self, request: Request, kind: type[R]) -> R:
        self.asked += 1
        if self.gone:
            raise Unavailable("signer gone")
        reply = await self.keeper.answer("gateway", request)
        if isinstance(reply, Refusal):
            raise SignerRefused(reply.kind, reply.message)
        assert isinstance(reply, kind)
        return reply


class Fields:
    """One installation: records, signer, and any number of workers."""

    def __init__(self, records: SqlRecords, signer: Signer, clock: Clock) -> None:
        self.records = records
        self.signer = signer
        self.clock = clock
        self.events: list[Event] = []
        self.uses = Uses()
        self.keyring = self.worker()
        self.protector = self.protecting(self.keyring)

    async def opened(self) -> SqlRecords:
        return self.records

    def worker(self, rotation: Rotation = Rotation(), emit: Callable[[Event], None] | None = None) -> Keyring:  # noqa: B008 - frozen
        return Keyring(self.opened, self.signer, self.clock, self.uses, rotation)

    def protecting(self, keyring: Keyring) -> Protector:
        return Protector(keyring, self.vault(keyring), system_random, self.clock, self.events.append)

    def vault(self, keyring: Keyring) -> Vault:
        return Vault(self.opened, keyring, self.clock, system_random)


async def open_fields(folder: Path, url: str = "") -> Fields:
    """Return an installation; whoever calls closes its records."""
    clock = Clock()
    records = await open_records(url or f"sqlite+aiosqlite:///{folder}/records.db")
    return Fields(records, Signer(open_keeper(folder, clock)), clock)


def field(at: str, mode: str, on: str = "request", **more: Any) -> ProtectedField:
    """Return a field as the policy's compiler makes it."""
    rule = Protect(at=at, mode=mode, on=on, **more)  # type: ignore[arg-type]  # literals
    return ProtectedField(rule, tuple(parts_of(at)), rule.resource or "bank/pay", rule.field or rule.at)


def whom(**more: Any) -> Whom:
    """Return a caller."""
    known: dict[str, Any] = {
        "client": "client_a",
        "user": "user_a",
        "grant": "grant_a",
        "scopes": frozenset({"payments"}),
        "operation": "pay",
        "correlation": "c" * 26,
    }
    return Whom(**(known | more))
