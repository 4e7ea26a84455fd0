"""A call through the gateway, as it was decided."""

import msgspec

from ringfence.clock import Instant


class CallDecided(msgspec.Struct, frozen=True, tag="call.decided.v1", tag_field="event", gc=False):
    """One call: who, what, how it ended and why. No body, no token, no query value."""

    at: Instant
    correlation: str
    trace: str
    allowed: bool
    status: int
    reason: str = ""
    """`Reason` value where refused."""
    private: str = ""
    """Detail for us only; never a secret, never personal data."""
    method: str = ""
    path: str = ""
    """The path template where an operation matched; else the raw path, cut to 256 characters."""
    api: str = ""
    version: str = ""
    operation: str = ""
    client: str = ""
    user: str = ""
    grant: str = ""
    signed_by: str = ""
    """`kid` of the client's key that signed the request or its body, where the operation demands it."""
    network: str = ""
    agent: str = ""
    """A short hash of the user agent."""
    agent_class: str = ""
    """What kind of program it says it is, such as `library` or `browser`: see `ringfence.agents`."""
    object: str = ""
    """What the identifiers in the path name, hashed under a key of the installation; empty where it has none."""
    stripped: tuple[str, ...] = ()
    """JSON pointers of what was taken out of the answer; an empty pointer is the whole body, and `consent:` stands
    before what the token's consent did not cover."""
    differs: tuple[str, ...] = ()
    """How the answer differs from the document where the policy lets that pass: keyword and pointer, no values."""
    micros: int = 0
    """Wall time in the gateway, in µs, upstream included."""
    upstream_micros: int = 0
    request_bytes: int = 0
    response_bytes: int = -1
    """-1 where the response was streamed without a declared length."""
    scopes: tuple[str, ...] = ()
    """Scopes of the token, in order: what a replay against another policy needs to know."""
    binding: str = ""
    """How the token was bound to its sender: `dpop` or `mtls`; empty where none was verified."""
    acr: str = ""
    """Class of the customer's login, where the token says it."""
    login_age: int = -1
    """Seconds since the customer's login; -1 where the token does not say."""
    actors: tuple[str, ...] = ()
    """Of an exchanged token: who acts, then who acted before (RFC 8693 §4.1)."""
    suspicious: tuple[str, ...] = ()
    """Where free text read like an attack, and like which: `/remittance/text=sql`. Only the place, never the text."""
    listed: tuple[str, ...] = ()
    """Feeds of threat intelligence that name the caller's network or user agent."""
    rules: tuple[str, ...] = ()
    """Rules in shadow mode that would have refused the call, as `name=reason`."""
    risk: float = 0.0
    """What the watch had against the caller at that moment, from 0 to 1; 0 also where the call ended before that was looked at."""
    risk_reasons: tuple[str, ...] = ()
    """Its heaviest reasons, as `kind:reason`."""
    payee: str = ""
    """Where a rule asks: `new` before the customer's first payment to it has succeeded, `known` after."""
    replayed: bool = False
    """The answer is the one that was given to the first call with this idempotency key."""
    priority: str = ""
    """Where its upstream has a limit: `test`, `read`, `write` or `payment`, of which the first are refused first."""
    queued_micros: int = 0
    """How long it waited for its turn at the upstream, in µs."""
    limit_risk: float = 0.0
    """The risk that counted in the limits, from 0 to 1."""
    limit_cost: float = 0.0
    """How many calls it counted for in the limit where it counted for most; 0 where no limit applied."""
    limit_why: str = ""
    """How a limit that weighs risk came to that cost: its name, the formula, what was held or bounded."""
    policies: tuple[str, ...] = ()
    """Ids of the Cedar policies that decided the call: those that permit it, or those that forbid it."""
    span: str = ""
    """Id of our span that went on to the upstream, in hex."""
    parent: str = ""
    """Id of the caller's span; empty where the trace began here."""
    sampled: bool = False
    """The caller records this trace; where it began here, it fell into the policy's share."""
    upstream_after_micros: int = 0
    """From the call's start until it went to the upstream, in µs; 0 also where it did not."""
    sealed_to: str = ""
    """`kid` of the client's key that the answer is sealed to, where the operation demands it."""
