"""What the authorization server needs from outside, as protocols and the frozen bundle that carries them."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from ringfence.clock import Clock
from ringfence.events import Event
from ringfence.fetching import Fetcher, NothingFetched
from ringfence.ids import Random
from ringfence.intel.lookup import Lookup, NoFeeds
from ringfence.keys.ports import Signer
from ringfence.keys.sealing import Sealer
from ringfence.oauth.sets import NoSets, SetSigner
from ringfence.oauth.signals.transmitters import NoTransmitterFiles, TransmitterFiles
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import VerificationKey
from ringfence.proofs.jws import Kind
from ringfence.proofs.nonces import Nonces
from ringfence.proofs.pairwise_subjects import PublicSubjects
from ringfence.store.interface import FastState, Records
from ringfence.store.model import Client
from ringfence.store.risk import NoRiskRows, RiskRows


class Events(Protocol):
    """Where events go; `emit` does not wait."""

    def emit(self, event: Event) -> None:
        """Take an event.  Raises store.interface.Unavailable when it could be lost and the policy says to refuse."""
        ...


class Passwords(Protocol):
    """Verifies what a customer typed."""

    async def verify(self, stored: str, presented: str) -> None:
        """Return if `presented` is the password whose Argon2id form is `stored`.

        Takes as long for `stored` = "" (a user that does not exist) as for a wrong password.

        Raises:
            Refused: LOGIN_FAILED; OVERLOADED where too many wait.
        """
        ...


class ClientKeys(Protocol):
    """Finds the public keys of clients, here or at their `jwks_uri`."""

    async def of(self, client: Client, raw: str, kind: Kind, reason: Reason) -> Mapping[str, VerificationKey]:
        """Return the keys that the JWT `raw` of this client may be signed with, by `kid`.

        Raises:
            Refused: with `reason`, when they cannot be had.
        """
        ...

    async def at(self, url: str, raw: str, kind: Kind, reason: Reason) -> Mapping[str, VerificationKey]:
        """Return the keys at a URL that the JWT `raw` may be signed with, by `kid`.  Raises Refused as `of`."""
        ...


class Subjects(Protocol):
    """Pairwise subjects; `proofs.pairwise_subjects` has them."""

    def subject(self, user_id: str, sector: str) -> str:
        """Return the `sub` of a customer for a sector."""
        ...

    def user_of(self, subject: str) -> str:
        """Return the customer's id that a subject stands for.  Raises Refused TOKEN_MALFORMED."""
        ...


class NoKeys:
    """Where nobody's keys are fetched."""

    async def of(self, client: Client, raw: str, kind: Kind, reason: Reason) -> Mapping[str, VerificationKey]:  # noqa: ARG002 - the protocol's parameters
        """Have none.  Raises Refused."""
        raise Refused(reason, "no keys are fetched here")

    async def at(self, url: str, raw: str, kind: Kind, reason: Reason) -> Mapping[str, VerificationKey]:  # noqa: ARG002 - the protocol's parameters
        """Have none.  Raises Refused."""
        raise Refused(reason, "no keys are fetched here")


class Ports(msgspec.Struct, frozen=True):
    """Everything the authorization server needs from outside."""

    records: Records
    fast: FastState
    signer: Signer
    events: Events
    passwords: Passwords
    clock: Clock
    random: Random
    nonces: Nonces
    client_keys: ClientKeys
    sealer: Sealer
    fetcher: Fetcher = NothingFetched()
    """For what a client says where it is: lists of redirect URIs, pictures."""
    subjects: Subjects = PublicSubjects()
    """For clients that know a customer by another `sub` than others do."""
    intelligence: Lookup = NoFeeds()
    risks: RiskRows = NoRiskRows()
    """What the watch has against whom."""
    payload_jwks: Callable[[], dict[str, Any]] = dict
    """Returns the public keys that partners seal their requests to."""
    sets: SetSigner = NoSets()
    """Signs security events for clients."""
    transmitters: TransmitterFiles = NoTransmitterFiles()
    """Files about those who send us security events."""
    set_keys: ClientKeys = NoKeys()
    """Their keys, where they publish them."""
