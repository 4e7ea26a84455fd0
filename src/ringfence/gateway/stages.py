"""The stages of a call: each step of the chain takes one of these types and returns the next."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ringfence.clock import Instant
from ringfence.message import Headers, Request
from ringfence.policy.operations import Body, Operation
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.dpop import Proof
from ringfence.store.idempotency import Answer
from ringfence.store.interface import Lease
from ringfence.store.sums import Charge


class Located(msgspec.Struct, frozen=True, gc=False):
    """The operation that a request asks for."""

    request: Request
    operation: Operation
    path_parameters: dict[str, str]
    """Raw, still percent-encoded."""
    rest: str
    """The raw path below the version's `base_path`."""


class Identified(msgspec.Struct, frozen=True, gc=False):
    """A request whose token and proof of possession verify. Not yet checked for replay and revocation."""

    located: Located
    token: AccessToken
    proof: Proof | None
    """None where the token is bound to a certificate."""
    nonce: str = ""
    """To go out with the answer, for the next proof; empty where the operation asks for none."""


class Authorized(msgspec.Struct, frozen=True, gc=False):
    """The token allows the operation."""

    identified: Identified


class Weighing(msgspec.Struct, frozen=True, gc=False):
    """What a call cost in the limit where it cost most, and why."""

    risk: float
    cost: float
    why: str


class Weighed(Authorized, frozen=True, gc=False):
    """It is known what speaks against the caller."""

    risk: float = 0.0
    """From 0 to 1."""
    reasons: tuple[str, ...] = ()


class Assessed(Weighed, frozen=True, gc=False):
    """The login is strong and new enough for what speaks against the caller."""


class Limited(msgspec.Struct, frozen=True, gc=False):
    """Not revoked, not a replay, within every limit: recorded in the shared state."""

    authorized: Assessed
    remaining: int
    """Further calls that the tightest bucket would take now; -1 where no limit applies."""
    leases: tuple[Lease, ...] = ()
    """Its places among the calls in flight, to be given back."""
    told: Headers = ()
    """Answer fields that tell the caller what is left."""
    earning: tuple[bytes, ...] = ()
    """Buckets in which the call has earned trust, should it be good."""
    weighing: Weighing | None = None
    """What it cost, and why."""


class Attested(msgspec.Struct, frozen=True, gc=False):
    """The signatures that the operation demands verify over the request and its body, before its content is looked at."""

    limited: Limited
    body: bytes
    """As it came."""
    content: bytes
    """What the schema is for: the body, or the payload of a signed body."""
    document: Any = None
    """The payload of a signed body, parsed and without the claims about itself."""
    signed_by: str = ""
    """`kid` of the key that signed the request or its body."""
    opened: bool = False
    """The body was sealed, and is here in clear as JSON."""


class Valid(msgspec.Struct, frozen=True, gc=False):
    """Parameters and body fit the operation's description."""

    limited: Limited
    body: bytes
    """What the upstream gets: the body as it came, or the payload of a signed body."""
    payload: Any
    """The parsed body; None where there is none or its type is not one that is parsed."""
    parameters: Mapping[str, Any]
    """Parsed parameters by `location.name`."""
    media_type: str = ""
    """What the upstream is told instead of the caller's Content-Type; empty: that."""
    opened: bool = False
    """The body is not the one that came: that one was sealed."""
    declared: Body | None = None
    """What the payload was held against, whatever media type it came in; None where there is no payload."""


class Screened(msgspec.Struct, frozen=True, gc=False):
    """The free text in it reads like text, or the policy only wants to know."""

    valid: Valid
    found: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """In shadow mode: each place with the classes of attack that it reads like."""


class Constrained(msgspec.Struct, frozen=True, gc=False):
    """The call is what the customer approved: its amounts, its payee, the things that it names."""

    screened: Screened


class Permitted(Constrained, frozen=True, gc=False):
    """The policies in Cedar let it through, or there are none, or they only look on."""

    policies: tuple[str, ...] = ()
    """Ids of those that decided."""
    shadowed: tuple[str, ...] = ()
    """Where they only look on and would have refused it: `Cedar=reason`."""


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """The call is the first with its idempotency key, or carries none, or was answered before."""

    constrained: Constrained
    key: bytes = b""
    """Under which its answer will be kept; empty: it is not."""
    answer: Answer | None = None
    """What it was answered before: the call goes no further."""
    repeated: bytes = b""
    """The key under which that stands."""


class Paid(msgspec.Struct, frozen=True, gc=False):
    """Whom a call pays."""

    payer: str
    account: str
    since: Instant | None
    """When the payer's first payment to it succeeded."""
    keep_seconds: int
    """How long it is known after a payment."""


class Governed(msgspec.Struct, frozen=True, gc=False):
    """Every rule about money and people lets it through, and what it counts for has been added."""

    constrained: Constrained
    charges: tuple[Charge, ...] = ()
    """What was added, to be taken back if nothing goes out."""
    shadowed: tuple[str, ...] = ()
    """Rules in shadow mode that would have refused it, as `name=reason`."""
    paid: Paid | None = None
    """Where a rule asks whether the payee is new."""


class Spent(msgspec.Struct, frozen=True, gc=False):
    """The payment's consent, where there is one, is in use by this call and by no other."""

    constrained: Constrained
    consent_id: str = ""
    """Empty where the call makes no payment."""


class Reworked(msgspec.Struct, frozen=True, gc=False):
    """The call as it goes to the API, its protected fields replaced."""

    screened: Screened
    body: bytes
    changed: bool = False
    """The body is not the one that came."""
