"""What the gateway needs from outside, as protocols and the frozen bundle that carries them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ringfence.audit.receipt import ReceiptKey
from ringfence.clock import Clock, Instant
from ringfence.events import Event
from ringfence.ids import Random
from ringfence.intel.lookup import Lookup, NoFeeds
from ringfence.message import Headers, Request, Response
from ringfence.policy.model import Upstream
from ringfence.policy.protection_model import ProtectedField
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import EncryptionKey
from ringfence.proofs.jwk import VerificationKey
from ringfence.proofs.nonces import Nonces
from ringfence.proofs.pairwise_subjects import UserOf, public_only
from ringfence.protect.whom import Whom
from ringfence.store.idempotency import IdempotencyKeys
from ringfence.store.interface import Admission, Admitted, Lease, Unavailable
from ringfence.store.model import Consent
from ringfence.store.payees import Payees
from ringfence.store.risk import NoRiskRows, RiskRows
from ringfence.store.sums import Sums

BodyReader = Callable[[int], Awaitable[bytes]]
"""Reads the request body whole, at most that many bytes.

Raises Refused BODY_TOO_LARGE (also at once from a declared Content-Length) or BODY_INCOMPLETE.
"""


class Handler(Protocol):
    """The gateway as the ways in see it. Neither method raises."""

    async def __call__(self, request: Request, read_body: BodyReader) -> Response:
        """Decide a call whose `body` has not been read yet; answer it."""
        ...

    def turned_away(self, request: Request, refused: Refused) -> Response:
        """Answer and record what the way in refused before it was a call; unknown parts of `request` are empty."""
        ...


class TokenKeys(Protocol):
    """The public keys of the issuer whose tokens the gateway takes."""

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key of that id, or None if the issuer has none, or not any more. Takes a microsecond."""
        ...


class KnownClient(msgspec.Struct, frozen=True, gc=False):
    """What the gateway knows of a client: public keys, and what it may call itself."""

    keys: Mapping[str, VerificationKey]
    """By `kid`."""
    names: frozenset[str]
    """Client id and, where it has one, certificate subject: what `iss` may say."""
    sealing: tuple[EncryptionKey, ...] = ()
    """Keys that answers may be sealed to, in the client's order."""


class ClientKeys(Protocol):
    """The public keys that clients have registered, as they are at this moment."""

    def of(self, client_id: str) -> KnownClient | None:
        """Return what is known of an active client, or None.  Raises store.interface.Unavailable. Does not block."""
        ...


class NoClientKeys:
    """For a gateway without signed messages: nobody's keys can be had."""

    def of(self, client_id: str) -> KnownClient | None:
        """Raise Unavailable."""
        raise Unavailable(f"the keys of {client_id} were not made known to the gateway")


class ResponseSigner(Protocol):
    """Signs answers; the private key is in another process."""

    async def kid(self) -> str:
        """Return the id of the key that would sign now.  Raises store.interface.Unavailable."""
        ...

    async def sign(self, kid: str, data: bytes) -> bytes:
        """Return the raw signature by that key.  Raises store.interface.Unavailable."""
        ...


class NoResponseSigner:
    """For a gateway without a signer: answers that have to be signed are not given."""

    async def kid(self) -> str:
        """Raise Unavailable."""
        raise Unavailable("no signer was made known to the gateway")

    async def sign(self, kid: str, data: bytes) -> bytes:
        """Raise Unavailable."""
        raise Unavailable(f"no signer for {len(data)} octets by {kid}")


class Admissions(Protocol):
    """The one shared-state transaction of a call."""

    async def admit(self, asked: Admission, now: Instant) -> Admitted:
        """Decide and record.  Raises store.interface.Unavailable."""
        ...

    async def release(self, leases: Sequence[Lease], until: Instant | None = None) -> None:
        """Give places in flight back, or hold them on until later.  Raises store.interface.Unavailable."""
        ...

    async def blemish(self, buckets: Sequence[bytes]) -> None:
        """Halve what histories have earned.  Raises store.interface.Unavailable."""
        ...


class NotSent(Refused):
    """Refused before a byte of the call went out: whatever it was to do has not been done."""


class Sender(Protocol):
    """The way to the APIs behind the gateway."""

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        """Send a request and return the response, its headers re-validated and its body whole or streamed.

        Args:
            name: names the connection pool, `api/version`.
            upstream: address, times and sizes.
            method: the request method.
            target: path and query as they go in the request line; the upstream's own prefix is put before it.
            headers: end-to-end fields only; framing and `host` are the sender's own affair.
            body: the whole body.

        Raises:
            Refused: UPSTREAM_UNREACHABLE, UPSTREAM_TIMEOUT, UPSTREAM_INVALID or UPSTREAM_BUSY; as `NotSent` where
                nothing was sent.
        """
        ...


class Events(Protocol):
    """Where events go. They leave in batches; `emit` does not wait."""

    def emit(self, event: Event) -> None:
        """Take an event.  Raises store.interface.Unavailable when it could be lost and the policy says to refuse."""
        ...

    def ready(self) -> None:
        """Return if an event could be taken now.  Raises store.interface.Unavailable."""
        ...


Settle = Callable[[], Awaitable[None]]
"""Returns when every event that was taken is on the disk.  Raises store.interface.Unavailable."""


class Receipts(Protocol):
    """Keys of decision receipts."""

    def key(self, now: Instant) -> ReceiptKey:
        """Return the key of the moment.  Does not block.  Raises store.interface.Unavailable."""
        ...


class Consents(Protocol):
    """The consents of payments, each of which one call may use.  Every method raises store.interface.Unavailable."""

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        """Put a consent to use by one call; False unless it is in force, this client's and in no other's use."""
        ...

    async def return_consent(self, consent_id: str, call: str) -> bool:
        """Let a consent be used again by another call; False unless this call has it in use."""
        ...

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> Consent | None:
        """Return the consent, Consumed; None unless this call has it in use."""
        ...


class Countries(Protocol):
    """Where networks are."""

    def of(self, address: str) -> str:
        """Return the two letters of the country of a network address, or `""` where it is not known. Does not block."""
        ...


class NoCountries:
    """For a policy without a country database: nothing is known."""

    def of(self, address: str) -> str:
        """Return `""`."""
        del address
        return ""


class Protection(Protocol):
    """Protects and opens single fields."""

    async def ready(self, fields: Sequence[ProtectedField], whom: Whom, *, answers: bool) -> None:
        """Return if the keys are at hand, with `answers` those of kept answers too.  Raises Unavailable."""
        ...

    async def apply(self, document: Any, fields: Sequence[ProtectedField], whom: Whom, *, to: str) -> None:
        """Change a document in place.  Raises Unopenable, Misfit, Unavailable."""
        ...

    async def seal_answer(self, body: bytes, whom: Whom, key: bytes) -> bytes:
        """Return an answer as it may be kept under an idempotency key.  Raises Unavailable."""
        ...

    async def open_answer(self, kept: bytes, whom: Whom, key: bytes) -> bytes:
        """Return an answer that was kept.  Raises Unopenable, Unavailable."""
        ...


class NoProtection:
    """For a gateway without keys of fields: nothing can be protected, so nothing that has to be passes."""

    async def ready(self, fields: Sequence[ProtectedField], whom: Whom, *, answers: bool) -> None:
        """Raise Unavailable."""
        raise Unavailable(f"no keys for {len(fields)} fields of {whom.operation}, answers {answers}")

    async def apply(self, document: Any, fields: Sequence[ProtectedField], whom: Whom, *, to: str) -> None:
        """Raise Unavailable."""
        del document, to
        await self.ready(fields, whom, answers=False)

    async def seal_answer(self, body: bytes, whom: Whom, key: bytes) -> bytes:
        """Raise Unavailable."""
        raise Unavailable(f"no keys for {len(body)} octets of {whom.operation} under {len(key)}")

    async def open_answer(self, kept: bytes, whom: Whom, key: bytes) -> bytes:
        """Raise Unavailable."""
        return await self.seal_answer(kept, whom, key)


class PayloadKeys(Protocol):
    """Opens the content keys of payloads that were sealed to us; the private key is in another process."""

    async def kids(self) -> Mapping[str, str]:
        """Return the ids of the keys that open, by what a JWE may call them.  Raises store.interface.Unavailable."""
        ...

    async def unwrap(self, kid: str, wrapped: bytes, size: int) -> bytes:
        """Return a content key, or random bytes for one that does not open.  Raises Unavailable, NotOpened."""
        ...


class NoPayloadKeys:
    """For a gateway without a signer: what is sealed stays sealed, and is refused."""

    async def kids(self) -> Mapping[str, str]:
        """Raise Unavailable."""
        raise Unavailable("no signer was made known to the gateway")

    async def unwrap(self, kid: str, wrapped: bytes, size: int) -> bytes:
        """Raise Unavailable."""
        raise Unavailable(f"no signer for {len(wrapped)} octets by {kid}, {size}")


class ObjectNames(Protocol):
    """What events call the objects of calls."""

    def of(self, parameters: Mapping[str, str]) -> str:
        """Return the name of what a path's parameters name, or `""`. Does not block, and never fails."""
        ...


class NamelessObjects:
    """For a gateway without a key for them."""

    def of(self, parameters: Mapping[str, str]) -> str:
        """Return nothing."""
        del parameters
        return ""


class Ports(msgspec.Struct, frozen=True):
    """Everything the chain needs from outside."""

    keys: TokenKeys
    nonces: Nonces
    admissions: Admissions
    sender: Sender
    events: Events
    clock: Clock
    random: Random
    user_of: UserOf = public_only
    """Leads a pairwise subject back to the customer."""
    settle: Settle | None = None
    """None: events are where they must be as soon as they are taken."""
    receipts: Receipts | None = None
    """None: there are no keys for receipts, and a policy that asks for receipts lets nobody through."""
    consents: Consents | None = None
    """None where no records are: no payment is let through."""
    client_keys: ClientKeys = NoClientKeys()
    sums: Sums | None = None
    """None: what a rule counts cannot be told, and its calls are refused."""
    idempotency: IdempotencyKeys | None = None
    """None: no call that carries a key is let through."""
    countries: Countries = NoCountries()
    payees: Payees | None = None
    """None: calls with a rule about new payees are refused."""
    intelligence: Lookup = NoFeeds()
    response_signer: ResponseSigner = NoResponseSigner()
    protection: Protection = NoProtection()
    payloads: PayloadKeys = NoPayloadKeys()
    risks: RiskRows = NoRiskRows()
    """What the watch has against whom."""
    objects: ObjectNames = NamelessObjects()
