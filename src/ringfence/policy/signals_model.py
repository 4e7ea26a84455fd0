"""What a policy says about security events that others send us; its field descriptions are part of the manual page.

RFC 8417; RFC 8935; RFC 8936; RFC 9493; OpenID Shared Signals Framework 1.0.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.registration_model import KeySet, KeySetUrl

TransmitterName = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$", description="Lower-case letters, digits, `-`.")
]
EventName = Literal[
    "session-revoked",
    "token-claims-change",
    "credential-change",
    "assurance-level-change",
    "device-compliance-change",
    "risk-level-change",
    "account-credential-change-required",
    "account-purged",
    "account-disabled",
    "account-enabled",
    "identifier-changed",
    "identifier-recycled",
    "credential-compromise",
    "recovery-activated",
    "recovery-information-changed",
]
Effect = Literal["end-logins", "revoke-grants", "step-up", "risk", "alert"]
GroupMember = Literal["device", "tenant", "org_unit", "group"]


class SubjectRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customer of ours a subject identifier means (RFC 9493)."""

    format: Annotated[
        Literal["iss_sub", "email", "opaque", "account"],
        Meta(
            description="Of which identifiers it speaks (RFC 9493 §3.2); those within `aliases` and `complex` are such ones."
        ),
    ]
    issuer: Annotated[
        str, Meta(description="Of `iss_sub`, and needed there: the `iss` that it must have, character by character.")
    ] = ""
    domain: Annotated[
        str,
        Meta(
            pattern=r"^([a-z0-9.-]+)?$",
            description="Of `email` and `account`: the only domain that is taken. Of an account, what stands before it is then the name.",
        ),
    ] = ""
    names: Annotated[
        Literal["username", "user", "subject", "linked"],
        Meta(
            description="What it says: a login name, an id of ours (`user_…`), a `sub` of ours as clients know it, or what `links` leads from to a login name."
        ),
    ]


class PushedToUs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It posts its events to `/oauth/ssf/receive/NAME` (RFC 8935)."""

    token_file: Annotated[
        str,
        Meta(
            description="File with the bearer token that it presents, 24 characters or more; readable by its owner only. Read anew for each event."
        ),
    ]


class Polled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """We ask it for its events (RFC 8936)."""

    url: Annotated[
        str, Meta(pattern=r"^https://[^/?#\s]+(/[^#\s]*)?$", description="Its polling endpoint: https, a public host.")
    ]
    token_file: Annotated[
        str,
        Meta(description="File with the bearer token that we present; readable by its owner only. Empty: none."),
    ] = ""
    every_seconds: Annotated[int, Meta(ge=1, le=3600, description="How often, once it has no more.")] = 5


class Transmitter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whose security events are believed, and what is done about them."""

    issuer: Annotated[str, Meta(min_length=1, description="The `iss` of its events, character by character.")]
    jwks: KeySet = ""
    jwks_uri: KeySetUrl = ""
    algorithms: Annotated[
        tuple[Literal["RS256", "PS256", "ES256", "EdDSA"], ...],
        Meta(min_length=1, description="Algorithms taken. An RSA key is of `PS256` only where its `alg` says so."),
    ] = ("RS256", "PS256", "ES256", "EdDSA")
    audience: Annotated[
        str, Meta(description="What its events must have as `aud`, or among it. Empty: our `issuer`.")
    ] = ""
    client: Annotated[
        str,
        Meta(
            description="Its `client_id`, where it is a client of ours that has a stream of events: it is not told again what it told us, so that two who tell each other of logins do not go on for ever. Empty: it is none."
        ),
    ] = ""
    events: Annotated[
        dict[EventName, tuple[Effect, ...]],
        Meta(
            min_length=1,
            description="Event types that it may send, each with what is done: `end-logins`, `revoke-grants`, `step-up`, `risk`, `alert`; an empty list has it recorded only. Every other type is refused.",
        ),
    ]
    subjects: Annotated[
        tuple[SubjectRule, ...],
        Meta(
            min_length=1, description="How its subject identifiers lead to customers; the first rule that fits counts."
        ),
    ]
    links: Annotated[
        str,
        Meta(
            description="File for `names: linked`: a line each with what it says, a comma, and the login name. Read anew when it has changed."
        ),
    ] = ""
    sessions: Annotated[
        Literal["off", "sid"],
        Meta(
            description="`sid`: the session of a complex subject, of format `opaque`, is one of ours by its `sid`; the event is about this login alone. `off`: an event about a session is about nobody."
        ),
    ] = "off"
    passes_over: Annotated[
        tuple[GroupMember, ...],
        Meta(
            description="Members of complex subjects that make no difference here: the event is taken as one about the whole customer. With one that is not named, an event is about nobody."
        ),
    ] = ()
    push: Annotated[PushedToUs | None, Meta(description="It posts its events to us. Absent: it must not.")] = None
    poll: Annotated[Polled | None, Meta(description="We ask it for its events. Absent: we do not.")] = None
    step_up_seconds: Annotated[int, Meta(ge=60, le=2_592_000, description="How long a `step-up` is demanded.")] = 86_400
    max_age_seconds: Annotated[
        int, Meta(ge=60, le=2_592_000, description="An event counts this long after its `iat`.")
    ] = 604_800
    acts_per_hour: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Events within an hour about which something is done; what is beyond is put off with 429, so that a transmitter gone wrong ends no more logins than this.",
        ),
    ] = 1000
    silent_after_seconds: Annotated[
        int,
        Meta(
            ge=60,
            le=2_592_000,
            description="`ringfence signals transmitters` calls it silent after so long without an event.",
        ),
    ] = 86_400


class Signals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Security events of others (`docs/shared-signals.md`)."""

    transmitters: Annotated[
        dict[TransmitterName, Transmitter], Meta(description="Who may send us events, by a name of your choice.")
    ] = msgspec.field(default_factory=dict)
