"""What every store offers, as protocols; one contract suite holds for each implementation.

`Unavailable` is the only failure that may leave a store; the caller answers it as the policy's
`on_outage` says. Single use is a compare-and-set inside the store, never check-then-act.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ringfence.clock import Instant
from ringfence.policy.limits_model import Adaptive
from ringfence.store.backchannel_interface import BackchannelStore
from ringfence.store.challenges import LoginChallenges
from ringfence.store.consent_states import ConsentState
from ringfence.store.consent_uses import ConsentUses
from ringfence.store.logout_interface import LogoutStore
from ringfence.store.model import Client, Code, Consent, Grant, PushedRequest, RefreshToken, Session, User
from ringfence.store.passkey_interface import PasskeyVerbs
from ringfence.store.protection_interface import ProtectionStore
from ringfence.store.push_interface import PushStore
from ringfence.store.received_interface import ReceivedStore
from ringfence.store.registration_interface import OfRegistrations
from ringfence.store.signals_interface import SignalStore


class Unavailable(Exception):
    """The store cannot be read or written now. `str()` of it is for our log only."""


class AlreadyThere(Exception):
    """A record with that identity exists."""


class Weight(msgspec.Struct, frozen=True, gc=False):
    """How a call's cost depends on its risk: see `store.adaptive`."""

    rule: Adaptive
    risk: float
    """From 0 to 1."""
    most: float
    """What it costs at most."""
    floor: bool = False
    """Risk does not make it dearer: a payment that its customer has approved."""


class Weighed(msgspec.Struct, frozen=True, gc=False):
    """What a call costs, and why."""

    risk: float
    """The risk that counted."""
    cost: float
    trust: float
    """What the cost was divided by, 1 or more."""
    held: bool
    """The risk that counted is one of before."""
    index: int = -1
    """The bucket that it was for."""


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """One GCRA bucket that a call has to pass.

    `interval` is T, the seconds that one unit takes; `tolerance` is τ = T·burst; `cost` is c; of the bucket, `reserve`
    seconds are kept for others. TAT = max(now, TAT); new = TAT + c·T; refused if new − now > τ + T − reserve.
    `slowed_by`: measures whose greatest standing factor multiplies T, and leaves τ as it is.
    """

    key: bytes
    interval: float
    tolerance: float
    cost: float = 1.0
    reserve: float = 0.0
    weight: Weight | None = None
    """How `cost` changes with risk and history."""
    slowed_by: tuple[bytes, ...] = ()


class Quota(msgspec.Struct, frozen=True, gc=False):
    """Units that a call takes of what may be taken in one slot of time, a day or a month."""

    key: bytes
    most: int
    cost: int
    slot: int
    """Numbers the slot; the next has the next number."""
    expires_at: Instant
    """When the slot ends."""


class Lease(msgspec.Struct, frozen=True, gc=False):
    """A place among the calls in flight, until it is given back or its time is over."""

    key: bytes
    most: int
    expires_at: Instant


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a limit stands after a call: further units that it would take now, and seconds.

    `seconds` is when all of it is free again, or, where it refuses the call, when it would take it.
    """

    left: int
    seconds: float


class Admission(msgspec.Struct, frozen=True, gc=False):
    """Everything that one call asks of the shared state, in one transaction.

    `blocks`: keys any of which, if present and not expired, refuses the call (revocations).
    `claims`: keys with their expiry that must not have been claimed before (replay); claimed now.
    `buckets`, `quotas`, `leases`: all have to let the call through; if one does not, none is charged.
    `step_up`: measures any of which, if it began later than `proved_at`, refuses the call.
    The order is blocks, step-up, claims, buckets: a blocked call claims nothing; claims stay when a bucket refuses.
    Keys are at most 256 bytes.
    """

    blocks: tuple[bytes, ...] = ()
    claims: tuple[tuple[bytes, Instant], ...] = ()
    buckets: tuple[Bucket, ...] = ()
    quotas: tuple[Quota, ...] = ()
    leases: tuple[Lease, ...] = ()
    step_up: tuple[bytes, ...] = ()
    proved_at: Instant = Instant(0.0)
    """When the customer last logged in by a second factor; 0: not at all."""


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """The answer to an `Admission`. -1 means none; otherwise the index into the asked tuple,
    for `limited` into buckets, quotas and leases one after another.

    `retry_after` is in seconds. `remaining` is how many further calls of the same cost the tightest
    bucket or quota would take now; -1 without any. `standings` has one for each limit, in the order asked; `weighed` is
    of the bucket with a weight that cost most.
    """

    blocked: int = -1
    replayed: int = -1
    limited: int = -1
    retry_after: float = 0.0
    remaining: int = -1
    standings: tuple[Standing, ...] = ()
    weighed: Weighed | None = None
    step_up: int = -1
    step_up_since: float = 0.0
    """When the step-up that refuses the call began."""


class FastState(Protocol):
    """State that all workers share and every call touches: replay marks, buckets, blocks."""

    async def admit(self, asked: Admission, now: Instant) -> Admitted:
        """Decide and record one call atomically.  Raises Unavailable."""
        ...

    async def claim(self, key: bytes, expires_at: Instant, now: Instant) -> bool:
        """Claim `key` once until `expires_at`; False if it is claimed already.  Raises Unavailable."""
        ...

    async def block(self, keys: Sequence[bytes], expires_at: Instant, now: Instant) -> None:
        """Make calls with these block keys fail until `expires_at`; durable before it returns.  Raises Unavailable."""
        ...

    async def measure(self, keys: Sequence[bytes], amount: float, expires_at: Instant, now: Instant) -> None:
        """Set measures until `expires_at`; durable before it returns.  Raises Unavailable.

        `amount` is when a step-up began, or the factor of a throttle. Of one that stands already, the later end and
        the greater amount are kept.
        """
        ...

    async def unblock(self, keys: Sequence[bytes]) -> None:
        """Take blocks and measures back.  Raises Unavailable."""
        ...

    async def release(self, leases: Sequence[Lease], until: Instant | None = None) -> None:
        """Give places in flight back, or hold them on until a later time.  Raises Unavailable."""
        ...

    async def blemish(self, buckets: Sequence[bytes]) -> None:
        """Halve what the histories of weighted buckets have earned.  Raises Unavailable."""
        ...

    async def look(self, asked: Admission, now: Instant) -> Admitted:
        """Return what would be answered, and change nothing; blocks and claims are not looked at.  Raises Unavailable."""
        ...

    async def sweep(self, now: Instant) -> int:
        """Remove what has expired; return how many entries went.  Raises Unavailable."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as the stream keeps it: its position (from 1, no gaps that matter), its JSON, and where it came from."""

    position: int
    data: bytes
    source: str = ""
    """The journal that it came from; empty where that is not known."""
    offset: int = 0
    """Byte of that journal at which its line began; the next line began at `offset + len(data) + 1`."""


class EventStream(Protocol):
    """The append-only stream of events; batches in, ranges out."""

    async def append(self, events: Sequence[bytes], *, source: str = "", upto: int = 0) -> int:
        """Append encoded events durably, in order; return the last position.  Raises Unavailable.

        With a `source`, `upto` is noted in the same transaction, and a batch whose `upto` is not greater
        than what is noted is already there and is left out: a shipper may repeat itself after a crash.
        """
        ...

    async def shipped(self, source: str) -> int:
        """Return the `upto` that was noted last for `source`, 0 if none.  Raises Unavailable."""
        ...

    async def retire(self, source: str) -> None:
        """Forget what was noted for `source`, which will append no more.  Raises Unavailable."""
        ...

    async def last(self) -> int:
        """Return the position of the newest event, 0 if there is none.  Raises Unavailable."""
        ...

    async def read(self, after: int, limit: int) -> list[StoredEvent]:
        """Return up to `limit` events with a position greater than `after`, in order.  Raises Unavailable."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


class Records(
    ConsentUses,
    LoginChallenges,
    OfRegistrations,
    BackchannelStore,
    LogoutStore,
    PasskeyVerbs,
    ProtectionStore,
    SignalStore,
    PushStore,
    ReceivedStore,
    Protocol,
):
    """The durable records of the authorization server: verbs, no generic save.

    Every method raises Unavailable when the database cannot be used.
    """

    # clients
    async def add_client(self, client: Client) -> None:
        """Add a client.  Raises AlreadyThere."""
        ...

    async def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...

    async def list_clients(self) -> list[Client]:
        """Return all clients by name."""
        ...

    async def set_client_status(self, client_id: str, status: str) -> bool:
        """Set `active`, `suspended` or `revoked`; False if there is no such client."""
        ...

    async def remove_client(self, client_id: str) -> bool:
        """Remove a client and everything issued to it; False if there is none."""
        ...

    # users
    async def add_user(self, user: User) -> None:
        """Add a user.  Raises AlreadyThere (by user name)."""
        ...

    async def user(self, user_id: str) -> User | None:
        """Return the user, or None."""
        ...

    async def user_by_name(self, username: str) -> User | None:
        """Return the user of that login name, or None."""
        ...

    async def list_users(self) -> list[User]:
        """Return all users by login name."""
        ...

    async def set_user_status(self, user_id: str, status: str) -> bool:
        """Set `active` or `disabled`; False if there is no such user."""
        ...

    async def enrol_authenticator(self, user_id: str, sealed: str, step: int, recovery_codes: str) -> bool:
        """Keep a user's authenticator, of which `step` is used; False if the user has one already, or is gone."""
        ...

    async def claim_totp_step(self, user_id: str, step: int) -> bool:
        """Use a time step of the user's authenticator: exactly one caller gets it, and none before the last used."""
        ...

    async def change_recovery_codes(self, user_id: str, before: str, after: str) -> bool:
        """Replace the recovery codes that are left; False unless they are still `before`."""
        ...

    async def remove_authenticator(self, user_id: str) -> bool:
        """Let the user log in with the password alone: recovery codes and passkeys go too; False if there is no such user."""
        ...

    async def remove_user(self, user_id: str) -> bool:
        """Remove a user with sessions and grants; False if there is none."""
        ...

    # pushed requests: consumed when the customer has decided, not when the page loads
    async def add_pushed_request(self, pushed: PushedRequest, consent: Consent | None = None) -> None:
        """Keep a pushed request, with the consent that it asks for in the same transaction."""
        ...

    async def pushed_request(self, uri_hash: str) -> PushedRequest | None:
        """Return it in whatever state, or None."""
        ...

    async def consume_pushed_request(self, uri_hash: str, client_id: str, now: Instant) -> PushedRequest | None:
        """Consume it if it is this client's, unconsumed and unexpired: exactly one caller gets it."""
        ...

    # sessions
    async def add_session(self, session: Session) -> None:
        """Keep a browser session."""
        ...

    async def session(self, session_hash: str, now: Instant) -> Session | None:
        """Return an unexpired session, or None."""
        ...

    async def list_sessions(self, user_id: str, now: Instant) -> list[Session]:
        """Return a user's unexpired sessions, the newest login first."""
        ...

    async def remove_session(self, session_hash: str) -> None:
        """End a session."""
        ...

    # grants, codes, refresh tokens
    async def add_grant(self, grant: Grant, code: Code | None = None) -> None:
        """Keep a grant, with its first code in the same transaction."""
        ...

    async def grant(self, grant_id: str) -> Grant | None:
        """Return the grant in whatever state, or None."""
        ...

    async def list_grants(self, client_id: str = "", user_id: str = "", limit: int = 1000) -> list[Grant]:
        """Return grants, newest first, filtered where an argument is not empty."""
        ...

    async def revoke_grant(self, grant_id: str, why: str, now: Instant) -> bool:
        """Revoke a grant, its consent and its refresh tokens, committed on return; False if unknown or revoked already."""
        ...

    async def note_use(self, grant_id: str, now: Instant) -> None:
        """Keep when tokens were last issued from a grant."""
        ...

    async def code(self, code_hash: str) -> Code | None:
        """Return the code in whatever state, or None: to check bindings before it is consumed."""
        ...

    async def redeem_code(
        self, code_hash: str, client_id: str, now: Instant, refresh: RefreshToken | None
    ) -> Code | None:
        """Consume a code if it is this client's, unconsumed, unexpired and its grant unrevoked, and keep
        `refresh` in the same transaction: exactly one caller gets it; everyone else None.
        """
        ...

    async def refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Return the refresh token in whatever state, or None."""
        ...

    # consents: every move is a compare-and-set along `store.consent_states`
    async def consent(self, consent_id: str) -> Consent | None:
        """Return the consent in whatever state, or None."""
        ...

    async def consent_of_grant(self, grant_id: str) -> Consent | None:
        """Return the consent that is in force for a grant, else the one that ended last, or None."""
        ...

    async def list_consents(self, client_id: str = "", user_id: str = "", limit: int = 1000) -> list[Consent]:
        """Return consents, newest first, filtered where an argument is not empty."""
        ...

    async def reject_consent(self, decided: Consent) -> bool:
        """Keep what the customer refused; False unless it was awaiting."""
        ...

    async def authorise_consent(self, decided: Consent, grant: Grant, code: Code, before: Grant | None) -> bool:
        """Keep an authorised consent with its grant and code in one transaction; `before` is the grant that changes.

        False, and nothing is kept, unless the consent was awaiting and `before` is still what is there.
        """
        ...

    async def end_consent(self, consent_id: str, state: ConsentState, now: Instant) -> bool:
        """Move a consent to `state`; False where no way leads there."""
        ...

    async def expire_consents(self, now: Instant) -> list[Consent]:
        """Let consents expire whose time is over, some at once; return them."""
        ...

    # housekeeping
    async def sweep(self, now: Instant) -> int:
        """Remove expired short-lived artefacts; return how many."""
        ...

    async def ping(self) -> None:
        """Return if the database answers."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
