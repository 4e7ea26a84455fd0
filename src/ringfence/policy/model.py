"""The policy file `ringfence.yaml` as a strict model; its field descriptions are the manual page.

Every struct refuses unknown members. Units stand in the names. Relative paths are relative to the
directory of the policy file.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.audit_model import Audit
from ringfence.policy.backchannel_model import Ciba, MayAct
from ringfence.policy.cedar_model import AuthorizationMember
from ringfence.policy.export_model import Export
from ringfence.policy.intelligence_model import Intelligence
from ringfence.policy.limits_model import CostDemand, Limit, TellLimits
from ringfence.policy.linking_model import AcrValue, Link, Linking, LoginApplication, ObjectRule, StepUp
from ringfence.policy.metrics_model import Metrics
from ringfence.policy.minimise_model import MinimiseDemand
from ringfence.policy.notify_model import Notify
from ringfence.policy.overload_model import Overload, PriorityDemand
from ringfence.policy.pages_model import Pages
from ringfence.policy.payload_model import PayloadDemand
from ringfence.policy.protection_model import ProtectDemand, Protection
from ringfence.policy.registration_model import ClientRules, Registration
from ringfence.policy.responses_model import Responses
from ringfence.policy.risk_model import RiskDemand, SecondFactorAt
from ringfence.policy.rules_model import FactsDemand, GeoFile, IdempotencyDemand, RulesDemand
from ringfence.policy.screening_model import Screening, ScreeningMode
from ringfence.policy.signals_model import Signals
from ringfence.policy.signatures_model import (
    BodySignatureDemand,
    ResponseSignatureDemand,
    SignatureDemand,
    SignedBodies,
    UpstreamBody,
)
from ringfence.policy.signer_model import SignerPolicy
from ringfence.policy.watch_model import Watch

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", description="Letters, digits, `_`, `.`, `-`.")]
Port = Annotated[int, Meta(ge=1, le=65535, description="A TCP or UDP port.")]
PositiveSeconds = Annotated[float, Meta(gt=0, le=86_400 * 400)]
PositiveCount = Annotated[int, Meta(ge=1)]
ScopeName = Annotated[
    str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$", description="An OAuth scope token (RFC 6749 §3.3).")
]

DetailTypeName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$",
        description="A word or URI of letters, digits, `_`, `.`, `:`, `/`, `-`.",
    ),
]


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server's certificate and which TLS versions are spoken."""

    certificate: Annotated[str, Meta(description="Path of the certificate chain, PEM.")]
    key: Annotated[str, Meta(description="Path of the private key, PEM; readable by its owner only.")]
    minimum: Annotated[
        Literal["1.3", "1.2"],
        Meta(
            description="Lowest TLS version. 1.2 is an explicit choice and then only ECDHE with AES-GCM or ChaCha20-Poly1305."
        ),
    ] = "1.3"


class ClientCertificates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What client certificates the mTLS listener accepts."""

    authorities: Annotated[
        tuple[str, ...],
        Meta(description="Paths of PEM files with the authorities whose client certificates are trusted."),
    ] = ()
    self_signed: Annotated[
        bool,
        Meta(
            description="Take certificates that no authority signed. They identify only by their thumbprint (RFC 8705 §2.2)."
        ),
    ] = False


class Listener(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address that partners connect to."""

    address: Annotated[str, Meta(description="Network address to bind, for example 0.0.0.0.")] = "0.0.0.0"  # noqa: S104
    port: Annotated[Port, Meta(description="TCP port for HTTP/1.1 and HTTP/2.")]
    udp_port: Annotated[Port | None, Meta(description="UDP port for HTTP/3; absent means no HTTP/3.")] = None
    tls: Tls
    max_connections: Annotated[PositiveCount, Meta(description="Connections at once; more are refused.")] = 10_000


class MtlsListener(Listener, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address for partners that present a client certificate (RFC 8705 §5)."""

    client_certificates: ClientCertificates = ClientCertificates()


class Listeners(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where partners connect."""

    public: Annotated[Listener, Meta(description="Without client certificates: browsers, and partners with DPoP.")]
    mtls: Annotated[MtlsListener | None, Meta(description="With client certificates. Absent: no mTLS.")] = None


class Gateway(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway's workers and what they take of any call."""

    workers: Annotated[int, Meta(ge=1, le=64, description="Worker processes, each on its own unix socket.")] = 2
    max_header_bytes: Annotated[
        int, Meta(ge=1024, le=131_072, description="All request headers together, in bytes.")
    ] = 32_768
    max_json_depth: Annotated[int, Meta(ge=1, le=512, description="Deepest nesting of a JSON body.")] = 32
    token_cache_entries: Annotated[int, Meta(ge=0, description="Verified access tokens remembered per worker.")] = (
        20_000
    )
    proof_window_seconds: Annotated[
        float, Meta(ge=10, le=600, description="How far a DPoP proof's `iat` may lie in the past (RFC 9449 §11.1).")
    ] = 60.0
    clock_skew_seconds: Annotated[
        float, Meta(ge=10, le=60, description="How far times may lie in the future (FAPI 2.0 SP §5.3.2.1-13).")
    ] = 30.0
    tell_limits: TellLimits = "on"
    core_rules: Annotated[
        str,
        Meta(
            description="Directory with OWASP's core rule set, such as `/usr/share/modsecurity-crs/rules` of Debian's package `modsecurity-crs`: its patterns for arguments at the first paranoia level are read beside our own. Empty: ours alone."
        ),
    ] = ""
    ext_authz: Annotated[
        Literal["off", "on"],
        Meta(
            description="`on`: each worker also answers an Envoy of yours that asks by HTTP `ext_authz`, on a unix socket `run/authz*.sock` below `state`. Taken up when the worker starts."
        ),
    ] = "off"
    drain_seconds: Annotated[
        PositiveSeconds, Meta(description="At shutdown, how long calls in flight may take to end.")
    ] = 30.0


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the authorization server's artefacts live."""

    pushed_request_seconds: Annotated[int, Meta(ge=5, lt=600, description="`request_uri` (RFC 9126 §2.2).")] = 90
    code_seconds: Annotated[int, Meta(ge=5, le=60, description="Authorization code (FAPI 2.0 SP §5.3.2.1-11).")] = 60
    access_token_seconds: Annotated[int, Meta(ge=10, le=3600, description="Access token.")] = 300
    refresh_token_seconds: Annotated[
        int, Meta(ge=60, description="Refresh token, counted from the customer's consent.")
    ] = 7_776_000
    id_token_seconds: Annotated[int, Meta(ge=10, le=3600, description="ID token.")] = 300
    login_session_seconds: Annotated[int, Meta(ge=60, description="The customer's browser session.")] = 900


class DetailType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A type of `authorization_details`, by which clients ask for one exact thing (RFC 9396)."""

    schema: Annotated[
        dict[str, Any] | str,
        Meta(
            description="JSON Schema of one object of this type: the path of a JSON or YAML file, or the schema itself. Members that it does not declare are refused; `type` need not be declared."
        ),
    ]
    sentence: Annotated[
        str,
        Meta(
            min_length=3,
            description="What the consent page says, with members in braces: `Pay {amount} {currency} to {creditor.name}`. Members that the sentence leaves out are listed below it.",
        ),
    ]
    linking: Annotated[
        Linking | None,
        Meta(
            description="Makes the type a payment: amount and payee are bound to the customer's approval (SCA RTS art. 5)."
        ),
    ] = None


class Passwords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer's new password must be. Nothing is demanded of its characters (NIST SP 800-63B-4 §3.1.1.2)."""

    minimum_length: Annotated[int, Meta(ge=8, le=64, description="In characters.")] = 8
    leaked: Annotated[
        str,
        Meta(
            description="List of leaked passwords that are refused: a file of SHA-1 hashes in order, each with `:count`, or a directory of range files `00000.txt` to `FFFFF.txt`. Empty: none."
        ),
    ] = ""


class OAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The authorization server."""

    scopes: Annotated[
        dict[ScopeName, str],
        Meta(description="Each scope with the sentence that the consent page shows for it."),
    ] = msgspec.field(default_factory=dict)
    authorization_details: Annotated[
        dict[DetailTypeName, DetailType],
        Meta(description="Types of `authorization_details` that clients may be registered for (RFC 9396 §2)."),
    ] = msgspec.field(default_factory=dict)
    lifetimes: Lifetimes = Lifetimes()
    signing_algorithm: Annotated[
        Literal["ES256", "PS256"], Meta(description="Algorithm of the tokens that we sign.")
    ] = "ES256"
    client_algorithms: Annotated[
        tuple[Literal["ES256", "PS256", "EdDSA"], ...],
        Meta(min_length=1, description="Algorithms taken in client assertions and proofs."),
    ] = ("ES256", "PS256", "EdDSA")
    dpop_nonce: Annotated[
        Literal["off", "required"],
        Meta(description="`required`: DPoP proofs sent to this server must hold a nonce of ours (RFC 9449 §8)."),
    ] = "off"
    passwords: Passwords = Passwords()
    second_factor_at_risk: SecondFactorAt = None
    clients: ClientRules = ClientRules()
    registration: Annotated[
        Registration | None, Meta(description="How clients register themselves. Absent: they cannot.")
    ] = None
    ciba: Ciba = Ciba()
    may_act: Annotated[
        tuple[MayAct, ...],
        Meta(description="Who may exchange whose access tokens (RFC 8693). Empty: nobody."),
    ] = ()
    pages: Pages = Pages()
    login_title: Annotated[str, Meta(description="The name that customers see on the login and consent pages.")] = (
        "Ringfence"
    )
    login_application: Annotated[
        LoginApplication | None, Meta(description="Your own login pages in place of ours. Absent: ours.")
    ] = None
    resource: Annotated[
        str,
        Meta(
            description="The audience (`aud`) of access tokens: a name for the APIs behind this gateway. Empty: the issuer."
        ),
    ] = ""


class Upstream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The API behind the gateway."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^http://[^/?#]+(/[^?#]*)?$",
            description="`http://host:port` and an optional path that is put before the operation's path.",
        ),
    ]
    connect_timeout_seconds: Annotated[PositiveSeconds, Meta(description="To open a connection.")] = 2.0
    timeout_seconds: Annotated[
        PositiveSeconds, Meta(description="From the request's first byte to the response's headers.")
    ] = 15.0
    idle_timeout_seconds: Annotated[PositiveSeconds, Meta(description="Between two pieces of a response body.")] = 15.0
    keep_alive_seconds: Annotated[PositiveSeconds, Meta(description="How long an unused connection is kept.")] = 30.0
    max_connections: Annotated[PositiveCount, Meta(description="Connections of one worker at once.")] = 128
    max_waiting: Annotated[int, Meta(ge=0, description="Calls of one worker that may wait for a connection.")] = 256
    max_header_bytes: Annotated[int, Meta(ge=1024, description="All response headers together, in bytes.")] = 65_536
    max_response_bytes: Annotated[int, Meta(ge=0, description="Response body, in bytes; 0: no limit.")] = 0
    overload: Overload = Overload()


class Demands(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operation demands of a call. What is absent comes from the version's `defaults`."""

    scopes: Annotated[
        tuple[ScopeName, ...] | None,
        Meta(description="All of these scopes. An empty list must be paired with `user: any`."),
    ] = None
    user: Annotated[
        Literal["required", "any"] | None,
        Meta(
            description="`required`: only a token that a customer consented to; `any`: a client's own token will do. Default: required."
        ),
    ] = None
    binding: Annotated[
        Literal["any", "dpop", "mtls"] | None,
        Meta(description="How the token must be bound to its sender. Default: any (of the two)."),
    ] = None
    dpop_nonce: Annotated[
        Literal["off", "required"] | None,
        Meta(
            description="`required`: a DPoP proof must hold a nonce of ours, so that none can be made ahead of its use (RFC 9449 §9). Default: off."
        ),
    ] = None
    signature: SignatureDemand = None
    response_signature: ResponseSignatureDemand = None
    body_signature: BodySignatureDemand = None
    upstream_body: UpstreamBody = None
    limits: Annotated[
        tuple[Name, ...] | None, Meta(description="Names under `limits`; each has to let the call through.")
    ] = None
    cost: CostDemand = None
    max_body_bytes: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="Request body, in bytes. Default: 65536.")
    ] = None
    durable: Annotated[
        bool | None,
        Meta(
            description="The record of a call is on the disk before its answer leaves, so that not even loss of power takes it. Default: true for methods other than GET, HEAD and OPTIONS."
        ),
    ] = None
    acr: Annotated[
        tuple[AcrValue, ...] | None,
        Meta(description="Classes of login any of which will do (RFC 9470 §3). Default: any login."),
    ] = None
    max_age_seconds: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="How long ago the customer's login may be. Default: any time."),
    ] = None
    step_up: Annotated[
        tuple[StepUp, ...] | None, Meta(description="Stronger or newer logins from certain amounts on. Default: none.")
    ] = None
    link: Annotated[
        Link | None,
        Meta(description="The call must be the payment that the customer approved; once. Default: no such demand."),
    ] = None
    objects: Annotated[
        tuple[ObjectRule, ...] | None,
        Meta(description="Identifiers that must stand in the customer's consent. Default: none."),
    ] = None
    facts: FactsDemand = None
    rules: RulesDemand = None
    idempotency: IdempotencyDemand = None
    protect: ProtectDemand = None
    payload_encryption: PayloadDemand = None
    minimise: MinimiseDemand = None
    priority: PriorityDemand = None
    risk: RiskDemand = None
    screening: Annotated[
        ScreeningMode | None, Meta(description="In place of the version's `screening.mode`, for this operation.")
    ] = None
    expose: Annotated[bool | None, Meta(description="false hides the operation: 404. Default: true.")] = None


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named fault of the OpenAPI document that is tolerated, and how."""

    fault: Annotated[str, Meta(description="The fault's name as `ringfence check` prints it.")]
    at: Annotated[str, Meta(description="JSON pointer of the place, or a prefix of it ending in `/*`.")]
    reason: Annotated[str, Meta(min_length=3, description="Why it is tolerated; an auditor reads this.")]


class ApiVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of an API."""

    name: Annotated[Name, Meta(description="For example v4.")]
    openapi: Annotated[str, Meta(description="Path of the OpenAPI 3.0 or 3.1 document, YAML or JSON.")]
    base_path: Annotated[
        str,
        Meta(
            pattern=r"^(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*$",
            description="Put before each path of the document; no trailing slash.",
        ),
    ] = ""
    upstream: Upstream
    defaults: Annotated[Demands, Meta(description="For operations that do not say otherwise.")] = Demands()
    operations: Annotated[
        dict[str, Demands], Meta(description="By `operationId`, or by `METHOD /path` as the document has it.")
    ] = msgspec.field(default_factory=dict)
    unknown_query: Annotated[
        Literal["refuse", "pass"], Meta(description="Query parameters that the document does not declare.")
    ] = "refuse"
    signed_bodies: SignedBodies = SignedBodies()
    responses: Responses = Responses()
    screening: Screening = Screening()
    waivers: Annotated[
        tuple[Waiver, ...],
        Meta(description="Faults of the document that are tolerated; one that fits nothing is a mistake."),
    ] = ()


class Api(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An API that is opened to partners."""

    name: Annotated[Name, Meta(description="Names the API in events and in pools; partners do not see it.")]
    versions: Annotated[tuple[ApiVersion, ...], Meta(min_length=1, description="All versions that are open at once.")]


class RecordsDatabase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A PostgreSQL for the records. Its password stands in a file or in the environment, never here."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^postgresql(\+asyncpg)?://[^:@/?#\s]+@[^@/?#\s]*/[^/?#\s]+(\?host=/[^?#&\s]+)?$",
            description="`postgresql://user@host:5432/database`, or `postgresql://user@/database?host=/run/postgresql` for a unix socket. Without a password.",
        ),
    ]
    password_file: Annotated[str, Meta(description="Path of a file with the password; readable by its owner only.")] = (
        ""
    )
    password_variable: Annotated[
        str, Meta(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", description="Environment variable with the password.")
    ] = ""
    tls: Annotated[
        Literal["verify", "off"],
        Meta(
            description="`verify`: TLS, and the server's certificate must be of its host; `off`: for a trusted network only. A unix socket has none."
        ),
    ] = "verify"
    authority: Annotated[
        str,
        Meta(description="PEM file with the authority of the server's certificate. Empty: the system's authorities."),
    ] = ""


class OnOutage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a dependency is gone. Required: nobody should have to guess."""

    fast_state: Annotated[
        Literal["refuse"], Meta(description="Replay marks, buckets, revocations gone: every call is refused with 503.")
    ]
    records: Annotated[
        Literal["refuse"],
        Meta(
            description="Clients and grants gone: the authorization server answers 503, and so does an operation with `link`; issued tokens go on working elsewhere until they expire."
        ),
    ]
    events: Annotated[
        Literal["refuse", "spill"],
        Meta(
            description="The event stream cannot be written: `refuse` calls, or `spill` events to a file that is read in later; when that fails too, refuse."
        ),
    ]
    upstream: Annotated[Literal["refuse"], Meta(description="The API does not answer: 502 or 504.")]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of `ringfence.yaml`."""

    version: Annotated[Literal[1], Meta(description="Version of this file's form.")]
    issuer: Annotated[
        str,
        Meta(
            pattern=r"^https://[^/?#\s]+(/[^?#\s]*[^/?#\s])?$",
            description="The authorization server's issuer identifier (RFC 8414 §2): https, no query, no trailing slash.",
        ),
    ]
    mtls_url: Annotated[
        str,
        Meta(
            pattern=r"^(https://[^/?#\s]+)?$",
            description="Where the mTLS listener is reached from outside. Empty: the issuer's host with the mTLS listener's port.",
        ),
    ] = ""
    hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9.-]+(:[0-9]+)?$|^\[[0-9a-f:.]+\](:[0-9]+)?$")], ...],
        Meta(
            description="Further `host` or `host:port` under which partners reach the APIs. The issuer's and the mTLS URL's are taken as they are; calls to any other host are refused with 421."
        ),
    ] = ()
    state: Annotated[str, Meta(description="Directory for databases, sockets and generated files.")] = "state"
    keys: Annotated[str, Meta(description="Directory of what the signer keeps.")] = "keys"
    records: Annotated[
        RecordsDatabase | None,
        Meta(description="Database of clients, users and grants. Absent: SQLite in the `state` directory."),
    ] = None
    signer: SignerPolicy = SignerPolicy()
    listeners: Listeners
    gateway: Gateway = Gateway()
    oauth: OAuth = OAuth()
    limits: Annotated[dict[Name, Limit], Meta(description="Named limits that operations refer to.")] = msgspec.field(
        default_factory=dict
    )
    geo: GeoFile = ""
    authorization: AuthorizationMember = None
    apis: Annotated[tuple[Api, ...], Meta(min_length=1)]
    watch: Watch = Watch()
    intelligence: Intelligence = Intelligence()
    export: Export = Export()
    notify: Notify = Notify()
    metrics: Annotated[
        Metrics | None, Meta(description="A listener for a Prometheus server, opened at start. Absent: none.")
    ] = None
    audit: Audit = Audit()
    signals: Signals = Signals()
    protection: Protection = Protection()
    on_outage: OnOutage
