"""The compiled form of OpenAPI documents: what the gateway looks up and checks on every call."""

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

import msgspec

from ringfence.policy.free_text import Texts
from ringfence.policy.limits_model import Limit
from ringfence.policy.linking_model import Link, ObjectRule, StepUp
from ringfence.policy.minimise_model import Minimised
from ringfence.policy.model import Upstream
from ringfence.policy.overload_model import PriorityName
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.policy.protection_model import ProtectedField
from ringfence.policy.responses_model import Responses
from ringfence.policy.risk_model import RiskStepUp
from ringfence.policy.rules_model import Facts, Idempotency, Rule
from ringfence.policy.screening_model import Screening
from ringfence.policy.signatures_model import SignedBodies
from ringfence.policy.validators import Written

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 §9.2.1."""


class Validator(Protocol):
    """A compiled JSON Schema (2020-12)."""

    def is_valid(self, instance: Any) -> bool:
        """Say whether the instance fits."""
        ...

    def iter_errors(self, instance: Any) -> Any:
        """Yield errors with `message`, `instance_path` (list of str|int)."""
        ...

    def written(self) -> Written:
        """Return the schema.  Raises LookupError unless it was kept."""
        ...


class Parameter(msgspec.Struct, frozen=True):
    """A declared parameter. `style` and `explode` are resolved to their defaults (OpenAPI 3.1 §4.8.12)."""

    name: str
    """As declared; compared in lower case where `location` is header."""
    location: Literal["path", "query", "header", "cookie"]
    required: bool
    style: str
    explode: bool
    kind: Literal["string", "number", "integer", "boolean", "array", "object", "any"]
    """The schema's type, which decides how the text is read before it is checked."""
    item_kind: Literal["string", "number", "integer", "boolean", "array", "object", "any"]
    """The type of items (array) or of property values (object) where all agree, else `any`."""
    validator: Validator
    json_content: bool = False
    """The parameter is declared by `content: application/json` instead of a schema."""
    property_kinds: Mapping[str, str] = {}
    """Object parameters: the kinds of single properties."""
    allow_empty: bool = False
    texts: Texts | None = None
    """What the schema leaves free; None: not known, so all of it."""


class Encoding(msgspec.Struct, frozen=True):
    """How a form's member is written, where brackets in its name do not say it (OpenAPI 3.1 §4.8.15)."""

    style: str
    explode: bool
    kind: str
    item_kind: str
    json: bool = False
    """The text is JSON."""


class Body(msgspec.Struct, frozen=True):
    """One media type that a request body may have. `validator` None: a type that is not JSON or form."""

    media_type: str
    """`type/subtype` in lower case, no parameters."""
    validator: Validator | None
    form: bool = False
    property_kinds: Mapping[str, str] = {}
    encodings: Mapping[str, Encoding] = {}
    """Forms: members that are taken apart by their encoding."""
    signed: bool = False
    """A compact JWS whose payload the schema describes."""
    bare_claims: frozenset[str] = frozenset()
    """Claims about the JWS itself that the schema does not declare: it describes the payload without them."""
    texts: Texts | None = None
    """What the schema leaves free; None: not known, so all of it."""


class Shape(Protocol):
    """Which members are declared at one place of an answer."""

    def member(self, name: str) -> "Shape | bool":
        """Return the shape of a member; True: anything may stand there; False: it is not declared."""
        ...

    def item(self) -> "Shape | bool":
        """Return the shape of an array's items; True: anything."""
        ...


class Content(msgspec.Struct, frozen=True):
    """One media type of a response. None: nothing is declared that an answer could be held against."""

    validator: Validator | None = None
    shape: Shape | None = None


class DeclaredResponse(msgspec.Struct, frozen=True):
    """One status of an operation, with its media types (`type/subtype` or a range, lower case)."""

    contents: Mapping[str, Content]


class EffectiveDemands(msgspec.Struct, frozen=True):
    """An operation's demands with defaults filled in."""

    scopes: frozenset[str]
    user_required: bool
    binding: Literal["any", "dpop", "mtls"]
    limits: tuple[tuple[str, Limit], ...]
    max_body_bytes: int
    cost: int = 1
    """How many calls a call counts for in its limits."""
    nonce_required: bool = False
    """A DPoP proof must hold a nonce of ours."""
    durable: bool | None = None
    """The record of a call is on the disk before the answer leaves; None: the method decides."""
    acr: tuple[str, ...] = ()
    """Classes of login any of which will do; empty: any login."""
    max_age_seconds: int | None = None
    """How long ago the login may be; None: any time."""
    step_up: tuple[StepUp, ...] = ()
    link: Link | None = None
    objects: tuple[ObjectRule, ...] = ()
    facts: Facts = Facts()
    rules: tuple[Rule, ...] = ()
    idempotency: Idempotency | None = None
    risk: RiskStepUp | None = None
    signature_required: bool = False
    """An HTTP message signature over the request."""
    body_signature: Literal["off", "compact", "detached"] = "off"
    response_signed: bool = False
    """Its answers carry an HTTP message signature."""
    payload_upstream: bool = False
    """The upstream gets the payload of a signed body instead of the body as it came."""
    payload: PayloadEncryption | None = None
    """How its bodies are sealed to us; None: they come in clear."""
    answer_sealed: str = ""
    """Profile by which its answers are sealed as a whole to the caller's key; empty: they are not."""
    priority: PriorityName | None = None
    """Who is refused last when the upstream is at its limit; None: method and link decide."""

    @property
    def signed(self) -> bool:
        """Whether any signature of the client beyond its proof is demanded."""
        return self.signature_required or self.body_signature != "off"


class Operation(msgspec.Struct, frozen=True):
    """One operation that partners can call."""

    api: str
    version: str
    operation_id: str
    method: str
    template: str
    """`base_path` and the document's path template."""
    upstream: Upstream
    upstream_name: str
    """`api/version`: names the connection pool."""
    demands: EffectiveDemands
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Body]
    """By media type. Empty: the operation takes no body."""
    body_required: bool
    unknown_query: Literal["refuse", "pass"]
    statuses: frozenset[str]
    """Declared response status keys: `200`, `4XX`, `default`."""
    signed_bodies: SignedBodies = SignedBodies()
    """What signed bodies are held against."""
    responses: Mapping[str, DeclaredResponse] = {}
    """By status key. Empty where answers are not looked at."""
    response_rules: Responses = Responses(undeclared_status="pass", undeclared_member="pass", wrong_type="pass")
    """What happens to an answer that differs from them."""
    screening: Screening = Screening()
    """How its free text is read."""
    protected: tuple[ProtectedField, ...] = ()
    """Blind indexes first."""
    minimised: Minimised | None = None
    """Members of its answers that the token's consent has to cover."""

    @property
    def seals(self) -> bool:
        """Whether anything in its answers is sealed to the caller's key for encryption."""
        return bool(self.demands.answer_sealed) or any(field.rule.mode == "seal" for field in self.protected)

    @property
    def keyed(self) -> tuple[ProtectedField, ...]:
        """Its protected fields that a key of ours is for: all but those sealed to the caller's."""
        return tuple(field for field in self.protected if field.rule.mode != "seal")

    @property
    def keeps_sealed(self) -> bool:
        """Whether answers that it keeps for a repetition do not lie on the disk in clear."""
        return self.demands.idempotency is not None and (bool(self.protected) or self.seals)

    @property
    def durable(self) -> bool:
        """Whether the record of a call has to be on the disk before the answer leaves.  RFC 9110 §9.2.1."""
        asked = self.demands.durable
        return self.method not in SAFE_METHODS if asked is None else asked


class Match(msgspec.Struct, frozen=True, gc=False):
    """An operation found, with its raw (still percent-encoded) path parameters by name."""

    operation: Operation
    path_parameters: dict[str, str]
    rest: str
    """The raw path below `base_path`: what the upstream is asked for after its own prefix."""


class OperationTable(Protocol):
    """All operations of a policy, found by method and path in time that does not grow with their number."""

    def match(self, method: str, path: str) -> Match:
        """Return the operation.  Raises Refused UNKNOWN_PATH, NOT_EXPOSED, or METHOD_NOT_ALLOWED (with an `allow` header).

        HEAD is not derived from GET: an operation is exposed as declared.
        A literal segment wins over a template segment (OpenAPI 3.1 §4.8.8.2).
        """
        ...

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the policy and its documents."""
        ...

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        """Method and template of the operations that are there but not exposed."""
        ...
