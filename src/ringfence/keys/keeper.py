"""What the signer does when a role asks: may it, which key, count it, do it.  NIST SP 800-57 part 1 §7."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog

from ringfence.clock import Clock
from ringfence.custody.wire import (
    ContentKey,
    Context,
    DataKey,
    Done,
    Forget,
    Generate,
    Mac,
    Manage,
    OpenKey,
    Public,
    PublicKey,
    PublicKeys,
    Refusal,
    Reply,
    Request,
    Sign,
    Signed,
    SignerRefused,
    SignToken,
    Token,
    Unwrap,
    Wrap,
)
from ringfence.events import Event
from ringfence.ids import Random, new_id
from ringfence.keys import ring
from ringfence.keys.backend import BackendFailed, BackendGone, KeyBackend
from ringfence.keys.ledger import Ledger
from ringfence.keys.purposes import FIELDS_HOLDER, HOLDERS, PAIRS, PURPOSES, SIGNING, Kind, Purpose, Use
from ringfence.keys.records import DataKeyRecord, KeyRecord
from ringfence.keys.rotation import Rule, begin, context_of, go_on
from ringfence.keys.states import NotAllowed, State, may_process, may_protect
from ringfence.keys.tenants import base_of, purpose_of, row_of
from ringfence.keys.uses import Exhausted, Uses
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.signer")

DATA_KEY_BYTES = 32

LONGEST_SECRET = 4096
"""Bytes of a secret that is kept for a caller; AWS KMS takes no more."""

LONGEST_WRAPPED = 1024
"""Bytes of a JWE Encrypted Key: of RSA with 8,192 bits."""

CONTENT_KEY_BYTES = frozenset({16, 24, 32})
"""Of AES-GCM.  RFC 7518 §5.3."""

LONGEST_TEXT = 256
"""Characters of a tenant, field or subject."""


class Settings(msgspec.Struct, frozen=True):
    """What the policy says of keys."""

    kinds: dict[str, Kind]
    """Of new keys, by purpose."""
    providers: dict[str, str]
    """Where new keys are made, by purpose."""
    rules: dict[str, Rule]
    """When a key is replaced, by purpose."""
    publish_ahead: float
    """How long a new signing key is published before its first use, in seconds."""
    keep_published: float
    """How long a replaced token key stays published, in seconds."""
    tenants: frozenset[str] = frozenset()
    """Whose data keys are wrapped by keys of their own: see `keys.tenants`."""

    def kind_of(self, purpose: str) -> Kind:
        """Return the kind of a purpose's new keys; a tenant's are as all are."""
        return self.kinds[base_of(purpose)]

    def provider_of(self, purpose: str) -> str:
        """Return where a purpose's new keys are made."""
        return self.providers[base_of(purpose)]

    def rule_of(self, purpose: str) -> Rule:
        """Return when a purpose's key is replaced."""
        return self.rules[base_of(purpose)]

    def publish_ahead_of(self, purpose: str) -> float:
        """Return how long a new key of a purpose waits: only what others verify with is published."""
        return self.publish_ahead if row_of(purpose).kind in SIGNING else 0.0


class Keeper:
    """Holds every key of an installation through its providers; one process has it."""

    def __init__(
        self,
        ledger: Ledger,
        backends: dict[str, KeyBackend],
        settings: Settings,
        clock: Clock,
        random: Random,
        emit: Callable[[Event], None],
    ) -> None:
        """Take what it works with; what `emit` does not take (Unavailable) stays in the ledger, to be told later."""
        self.ledger = ledger
        self.backends = backends
        self.settings = settings
        self.clock = clock
        self.random = random
        self.emit = emit
        self.uses = Uses(ledger)
        self.on_change: Callable[[], None] = lambda: None
        self.settle: Callable[[], Awaitable[None]] = _settled_already
        """Returns when what was emitted is on the disk.  Raises Unavailable."""
        self.moving: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Held by whoever changes the keys of a purpose: others go on while a device wraps a million data keys anew."""
        self.work: set[asyncio.Task[None]] = set()
        """What is under way, so that it is not forgotten."""
        self._active: dict[str, KeyRecord] = {}
        self._told = 0
        self._threads = {
            name: ThreadPoolExecutor(backend.threads, thread_name_prefix=name)
            for name, backend in backends.items()
            if backend.threads
        }

    async def answer(self, role: str, request: Request) -> Reply:
        """Return the reply to a request that came in on a role's socket; whatever is wrong becomes a Refusal."""
        try:
            return await self._do(role, request)
        except SignerRefused as why:
            return Refusal(why.kind, str(why))
        except NotAllowed as why:
            return Refusal("state", str(why))
        except Exhausted as why:
            return Refusal("exhausted", str(why))
        except (BackendGone, Unavailable) as why:
            _log.error("not done: something the signer needs is gone", why=str(why))
            return Refusal("unavailable", str(why))
        except BackendFailed as why:
            _log.warning("not done", role=role, asked=type(request).__name__, why=str(why))
            return Refusal("failed", "it cannot be done with this key")
        except Exception as why:  # noqa: BLE001 - the traceback could hold a secret: its kind is enough
            _log.error("request failed", role=role, asked=type(request).__name__, kind=type(why).__name__)
            return Refusal("failed", "the signer failed")

    async def call(self, backend: KeyBackend, work: Callable[..., Any], *arguments: Any) -> Any:
        """Call a provider, on its own thread where it has one."""
        threads = self._threads.get(backend.name)
        if threads is None:
            return work(*arguments)
        return await asyncio.get_running_loop().run_in_executor(threads, work, *arguments)

    def purposes(self) -> list[str]:
        """Return every purpose, and those of single tenants that have keys."""
        return [*PURPOSES, *(name for name in self.ledger.purposes() if name not in PURPOSES)]

    def changed(self, key: KeyRecord) -> None:
        """Take note that a key is new or has another state; that it is to be told stands in the ledger already."""
        self._active.pop(key.purpose, None)
        self.on_change()
        self.tell()

    def tell(self) -> None:
        """Bring what the ledger has for the event stream there; what is not taken now is told later."""
        try:
            for number, event in self.ledger.untold(self._told):
                self.emit(event)
                self._told = number
        except Unavailable as why:
            _log.error("what was done with keys is not in the event stream yet", why=str(why))

    async def settled(self) -> None:
        """Return when all that was done with keys is on the disk in the event journal too.

        Raises:
            Unavailable: it is not, or not known to be; the ledger has it, and it is told again.
        """
        self.tell()
        waiting, upto = self.ledger.untold(0), self._told
        if waiting and waiting[-1][0] > upto:
            raise Unavailable("the event stream does not take what was done with keys")
        await self.settle()
        if waiting:
            self.ledger.forget_told(upto)

    async def active(self, purpose: str) -> KeyRecord:
        """Return the key of a purpose that protects now; the first one is made when it is first needed.

        Raises:
            NotAllowed: it is suspended.
            BackendGone, BackendFailed, Unavailable: it cannot be made.
        """
        key = self._active.get(purpose)
        if key is None:
            key = await self._find(purpose)
            may_protect(key.state)
            self._active[purpose] = key
        return key

    def close(self) -> None:
        """Write down what was counted, and let go of the providers."""
        self.uses.flush()
        for threads in self._threads.values():
            threads.shutdown(wait=True, cancel_futures=True)
        for backend in self.backends.values():
            backend.close()
        self.ledger.close()

    async def _find(self, purpose: str) -> KeyRecord:
        async with self.moving[purpose]:
            for key in self.ledger.keys(purpose):
                if key.state in {State.ACTIVE, State.SUSPENDED}:
                    return key
            journey = next((j for j in self.ledger.journeys(unfinished=True) if j.purpose == purpose), None)
            now = self.clock()
            if journey is None:
                kind, provider = self.settings.kind_of(purpose), self.settings.provider_of(purpose)
                journey = begin(
                    self,
                    purpose,
                    kind,
                    provider,
                    end_as=State.DEACTIVATED,
                    activate_at=now,
                    why="first key of its purpose",
                    now=now,
                )
            await go_on(self, journey, now, "signer")
            return self.ledger.key(journey.new) or _none(purpose)

    async def _do(self, role: str, request: Request) -> Reply:
        match request:
            case SignToken(purpose, typ, claims):
                _granted(role, purpose, Use.TOKEN)
                return await self._sign_token(role, purpose, typ, claims)
            case Sign(purpose, data, kid):
                _granted(role, purpose, Use.SIGNATURE)
                key = await self.active(purpose) if not kid else self._named(purpose, kid)
                signature = await self._use(key, role, "sign", lambda b: b.sign, data)
                return Signed(key.kid, key.kind.value, signature)
            case Mac(purpose, data, kid):
                _granted(role, purpose, Use.MAC)
                key = await self.active(purpose) if not kid else self._named(purpose, kid, opening=True)
                return Signed(key.kid, key.kind.value, await self._use(key, role, "mac", lambda b: b.mac, data))
            case Generate() | Wrap():
                _granted(role, request.purpose, Use.WRAP)
                _held(role, request.context.field)
                return await self._new_data_key(role, request)
            case Unwrap(data_key, context):
                return await self._open(role, data_key, context)
            case OpenKey(purpose, kid, wrapped, size):
                _granted(role, purpose, Use.OPEN)
                return await self._open_key(role, self._named(purpose, kid, opening=True), wrapped, size)
            case Forget(data_key):
                _, key = self._granted_data_key(role, data_key)
                self.uses.note(key, role, "forget", self.clock())
                return Done(self.ledger.forget_data_key(data_key))
            case Public(purpose):
                return await self._publics(purpose)
            case Manage():
                raise SignerRefused("not-allowed", "keys are managed over another socket")

    async def _publics(self, purpose: str) -> PublicKeys:
        _known(purpose)
        if not self.ledger.keys(purpose):
            await self.active(purpose)
        return PublicKeys(tuple(_public(key) for key in ring_order(self.ledger.keys(purpose))))

    async def _sign_token(self, role: str, purpose: str, typ: str, claims: bytes) -> Token:
        key = await self.active(purpose)
        signed = ring.frame_of(claims, typ=typ, algorithm=key.kind.value, kid=key.kid)
        signature = await self._use(key, role, "sign-token", lambda b: b.sign, signed)
        return Token(ring.compact(signed, signature))

    async def _use(
        self,
        key: KeyRecord,
        role: str,
        operation: str,
        verb: Callable[[KeyBackend], Callable[..., bytes]],
        *data: bytes,
    ) -> bytes:
        """Count a use that is limited, then make it."""
        self.uses.take(key, role, operation, self.clock())
        backend = self.backends[key.provider]
        done: bytes = await self.call(backend, verb(backend), key.handle, *data)
        return done

    async def _new_data_key(self, role: str, asked: Generate | Wrap) -> DataKey:
        if isinstance(asked, Generate):
            return await self._keep(role, asked.purpose, "generate", self.random(DATA_KEY_BYTES), asked.context)
        kept = await self._keep(role, asked.purpose, "wrap", asked.secret, asked.context)
        return DataKey(kept.data_key, b"")

    async def _keep(self, role: str, purpose: str, operation: str, secret: bytes, context: Context) -> DataKey:
        if not 0 < len(secret) <= LONGEST_SECRET or max(map(len, msgspec.structs.astuple(context))) > LONGEST_TEXT:
            raise SignerRefused(
                "malformed", f"a secret has 1 to {LONGEST_SECRET} bytes, a context {LONGEST_TEXT} characters a part"
            )
        while True:
            owner = purpose_of(purpose, context.tenant, self.settings.tenants)
            key = await self.active(owner)
            record = DataKeyRecord(
                data_key=new_id("dek", self.random),
                key_id=key.key_id,
                wrapped=b"",
                tenant=context.tenant,
                field=context.field,
                subject=context.subject,
                created_at=self.clock(),
            )
            wrapped = await self._use(key, role, operation, lambda b: b.wrap, secret, context_of(record))
            if await self.active(owner) is key:  # else it was replaced while the device was at work
                self.ledger.add_data_keys([msgspec.structs.replace(record, wrapped=wrapped)])
                return DataKey(record.data_key, secret, key.key_id)

    async def _open(self, role: str, data_key: str, context: Context) -> DataKey:
        record, key = self._granted_data_key(role, data_key)
        if (record.tenant, record.field, record.subject) != (context.tenant, context.field, context.subject):
            raise SignerRefused("failed", "the data key does not open for this")
        self._may_open(key)
        self.uses.note(key, role, "unwrap", self.clock())
        backend = self.backends[key.provider]
        secret = await self.call(backend, backend.unwrap, key.handle, record.wrapped, context_of(record))
        return DataKey(data_key, secret, key.key_id, self.ledger.compromised_since(key.purpose, record.created_at))

    async def _open_key(self, role: str, key: KeyRecord, wrapped: bytes, size: int) -> ContentKey:
        """Return the content key, or random bytes instead: whoever asks cannot tell them apart.  RFC 7516 §11.5."""
        if size not in CONTENT_KEY_BYTES or len(wrapped) > LONGEST_WRAPPED:
            raise SignerRefused("malformed", f"a content key has {sorted(CONTENT_KEY_BYTES)} bytes")
        self.uses.note(key, role, "open-key", self.clock())
        backend, instead = self.backends[key.provider], self.random(size)
        try:
            secret = await self.call(backend, backend.decrypt, key.handle, wrapped)
        except BackendFailed:
            return ContentKey(instead)
        return ContentKey(secret if len(secret) == size else instead)

    def _may_open(self, key: KeyRecord) -> None:
        """A compromised key opens only while what it protected is being saved, which two people approved."""
        if key.state is State.COMPROMISED and self.ledger.is_being_saved(key.key_id):
            return
        may_process(key.state)

    def _named(self, purpose: str, kid: str, *, opening: bool = False) -> KeyRecord:
        key = self.ledger.key(kid)
        if key is None or key.purpose != purpose:
            raise SignerRefused("unknown", f"no key of {purpose} has this kid")
        (may_process if opening else may_protect)(key.state)
        return key

    def _granted_data_key(self, role: str, data_key: str) -> tuple[DataKeyRecord, KeyRecord]:
        record = self.ledger.data_key(data_key)
        key = self.ledger.key(record.key_id) if record else None
        if record is None and self.ledger.is_shredded(data_key):
            raise SignerRefused("shredded", "the data key was shredded")
        if record is None or key is None:
            raise SignerRefused("unknown", "there is no such data key")
        _granted(role, base_of(key.purpose), Use.WRAP)
        _held(role, record.field)
        return record, key


async def _settled_already() -> None:
    """Wait for nothing: whoever has a journal says how."""


def ring_order(keys: list[KeyRecord]) -> list[KeyRecord]:
    """Return the keys that others use, as they are published: the active one, those to come, those that were."""
    order = [State.ACTIVE, State.PRE_ACTIVATION, State.DEACTIVATED]
    return sorted((k for k in keys if k.state in order and k.kind in PAIRS), key=lambda k: order.index(k.state))


def _known(purpose: str) -> Purpose:
    found = PURPOSES.get(purpose)
    if found is None:
        raise SignerRefused("unknown", f"there is no purpose {purpose!r}")
    return found


def _granted(role: str, purpose: str, use: Use) -> None:
    found = _known(purpose)
    if found.use is not use or role not in found.roles:
        raise SignerRefused("not-allowed", f"{role} may not ask for this with keys of {purpose}")


def _held(role: str, field: str) -> None:
    if HOLDERS.get(field, FIELDS_HOLDER) != role:
        raise SignerRefused("not-allowed", f"{role} holds no data keys of this field")


def _none(named: str) -> KeyRecord:
    raise SignerRefused("unknown", f"there is no key {named}")


def _public(key: KeyRecord) -> PublicKey:
    return PublicKey(key.kid, key.kind.value, key.state.value, key.public)
