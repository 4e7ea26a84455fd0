"""Verify an HTTP message signature over a request.  RFC 9421 §2, §3.2; RFC 9530 §2; FAPI 2.0 HTTP Signatures (draft) §5.

The `http-message-signatures` package resolves components and digests; nothing else in Ringfence imports it. Its
own verifier is not used: it reads the clock, lets the algorithm and the coverage be chosen by the caller, and folds
every failure into one. What is left here is the profile: which components, which key, how old.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

import http_sf
import msgspec
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPSignatureComponentResolver,
    InvalidSignature,
)
from http_sf.compat import Item

from ringfence.clock import Instant, Seconds
from ringfence.message import Headers, Request
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind, UnverifiedJws, verify
from ringfence.proofs.replay import claim_key

TAG_REQUEST: Final = "fapi-2-request"

TAG_RESPONSE: Final = "fapi-2-response"

KIND: Final = Kind(
    "message signature", Reason.SIGNATURE_MALFORMED, Reason.SIGNATURE_ALGORITHM, Reason.SIGNATURE_INVALID
)

MAX_AGE: Final[Seconds] = 60.0
"""How far `created` may lie in the past: the draft has a signature older than a minute refused."""

MAX_FIELD_CHARACTERS: Final = 8_192
"""Of `Signature-Input` and of `Signature`, each: a signature by an 8192-bit RSA key has 1,400."""

MAX_LABELS: Final = 4
MAX_COMPONENTS: Final = 32

HTTP_ALGORITHMS: Final[Mapping[Algorithm, str]] = {"ES256": "ecdsa-p256-sha256", "EdDSA": "ed25519"}
"""What the `alg` parameter may say where it stands (RFC 9421 §3.3). PS256 has no name there, so it stands alone
(RFC 9421 §3.3.7); `rsa-pss-sha512` is another algorithm than the one that the key is registered for."""

_PARAMETERS: Final = frozenset({"created", "expires", "keyid", "alg", "nonce", "tag"})
_TEXTS: Final = ("keyid", "alg", "nonce", "tag")

Parameters = dict[str, Any]


class MessageSignature(msgspec.Struct, frozen=True, gc=False):
    """A signature that verifies over a request. That it comes for the first time is for the shared state to say."""

    keyid: str
    created: Instant
    replay_key: bytes
    """To be claimed, once, until `replay_until`. By what was signed and not by the signature, which can be restated."""
    replay_until: Instant


class _Message:
    """A request as the component resolver reads it."""

    def __init__(self, request: Request, url: str) -> None:
        self.method = request.method
        self.headers = _Fields(request.headers)
        self.url = url


class _Fields:
    """Field lines in order, kept apart."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def items(self) -> Headers:
        return self._headers


class _Resolver(HTTPSignatureComponentResolver):
    """Resolves derived components to what came, where the package would first parse the URL by its own rules."""

    def __init__(self, request: Request) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # the package leaves it untyped
            _Message(request, f"{request.scheme}://{request.authority}/")
        )
        self._request = request

    def get_target_uri(self) -> str:
        return f"{self._request.scheme}://{self._request.authority}{self._request.target}"

    def get_path(self) -> str:
        return self._request.path

    def get_query(self) -> str:
        return f"?{self._request.query}"

    def get_request_target(self) -> str:
        return self._request.target

    def get_query_params(self, *, name: str) -> str:
        raise HTTPMessageSignaturesException(f"@query-param is not taken: cover @target-uri, and {name} with it")


class _Answer:
    """A response as the component resolver reads it."""

    def __init__(self, status: int, headers: Headers, request: Request) -> None:
        self.status_code = status
        self.headers = _Fields(headers)
        self.request = _Message(request, f"{request.scheme}://{request.authority}/")


class _ResponseResolver(HTTPSignatureComponentResolver):
    """Resolves a response's components; those of its request as for the request itself."""

    def __init__(self, status: int, headers: Headers, request: Request) -> None:
        super().__init__(_Answer(status, headers, request))  # type: ignore[no-untyped-call]  # the same
        self._of_request = _Resolver(request)

    @property
    def _request_resolver(self) -> _Resolver:
        return self._of_request


def needed(request: Request, body: bytes, *, dpop: bool) -> tuple[str, ...]:
    """Return the components that the profile wants covered.

    Args:
        request: the request.
        body: as it came.
        dpop: whether the call has a DPoP proof.
    """
    return (
        "@method",
        "@target-uri",
        "authorization",
        *(("dpop",) if dpop else ()),
        *(("content-digest",) if body or request.header("content-digest") is not None else ()),
    )


def verify_request(
    request: Request,
    body: bytes,
    keys: Mapping[str, VerificationKey],
    *,
    owner: str,
    algorithms: Collection[Algorithm],
    dpop: bool,
    now: Instant,
    skew: Seconds,
) -> MessageSignature:
    """Return the verified signature of a request; there is exactly one with the profile's tag.

    Args:
        request: as it came.
        body: as it came.
        keys: the client's registered keys by `kid`; `keyid` leads to no other.
        owner: the client's id: of whom a signature is unique.
        algorithms: those allowed.
        dpop: whether the call has a DPoP proof, which then has to be covered.
        now: the present.
        skew: how far `created` may lie in the future, in seconds.

    Raises:
        Refused: SIGNATURE_MISSING, SIGNATURE_MALFORMED, SIGNATURE_COVERAGE, SIGNATURE_KEY, SIGNATURE_ALGORITHM,
            SIGNATURE_STALE, CONTENT_DIGEST or SIGNATURE_INVALID.
    """
    wanted = needed(request, body, dpop=dpop)
    components, parameters, signature = _select(request, wanted)
    _check_coverage(components, wanted)
    created = _check_times(parameters, now, skew)
    key = _key(parameters, keys, algorithms)
    if "content-digest" in wanted:
        _check_digest(request, body)
    base = signature_base(request, components, parameters)
    verify(UnverifiedJws("", b"", base, signature), key, KIND)
    digest = hashlib.sha256(base).hexdigest()
    return MessageSignature(key.kid, created, claim_key("signature", owner, digest), Instant(created + MAX_AGE + skew))


def accept_signature(wanted: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the field that asks a client for a signature.  RFC 9421 §5.1."""
    names = " ".join(f'"{name}"' for name in wanted)
    return (("accept-signature", f'sig=({names});created;keyid;tag="{TAG_REQUEST}"'),)


def response_base(
    status: int, headers: Headers, request: Request, *, keyid: str, created: Instant
) -> tuple[bytes, str]:
    """Return what is to be signed for an answer, and its `Signature-Input` without the label.

    Covered: `@status`, the answer's `content-digest` where it has one, and of the request `@method`, `@target-uri`,
    `content-digest` and its own signature, where it has them.  RFC 9421 §2.4; FAPI 2.0 HTTP Signatures (draft) §5.

    Args:
        status: of the answer.
        headers: of the answer, `content-digest` among them where it has a body.
        request: that it answers.
        keyid: of the key that signs.
        created: the present.
    """
    of_request: Parameters = {"req": True}
    components: list[tuple[str, Parameters]] = [("@status", {})]
    if any(name == "content-digest" for name, _ in headers):
        components.append(("content-digest", {}))
    components += [("@method", of_request), ("@target-uri", of_request)]
    components += [
        (name, of_request)
        for name in ("content-digest", "signature", "signature-input")
        if request.header(name) is not None
    ]
    parameters: Parameters = {"created": int(created), "keyid": keyid, "tag": TAG_RESPONSE}
    base = _joined(_ResponseResolver(status, headers, request), components, parameters)
    return base, http_sf.ser(cast("Any", [(components, parameters)]))


def digest_of(body: bytes) -> str:
    """Return the `Content-Digest` of a body.  RFC 9530 §2."""
    return ContentDigest.create(body)


def _select(request: Request, wanted: Collection[str]) -> tuple[list[tuple[str, Parameters]], Parameters, bytes]:
    """Return components, parameters and octets of the one signature that carries the profile's tag.

    Labels are not signed, so they choose nothing.
    """
    inputs = _dictionary(request, "signature-input")
    signatures = _dictionary(request, "signature")
    if not inputs and not signatures:
        raise Refused(Reason.SIGNATURE_MISSING, headers=accept_signature(wanted))
    if inputs.keys() != signatures.keys() or len(inputs) > MAX_LABELS:
        raise _malformed(f"Signature-Input and Signature need the same labels, at most {MAX_LABELS}")
    tagged = [label for label, (_, parameters) in inputs.items() if parameters.get("tag") == TAG_REQUEST]
    if not tagged:
        raise Refused(Reason.SIGNATURE_MISSING, f'none has tag="{TAG_REQUEST}"', headers=accept_signature(wanted))
    if len(tagged) > 1:
        raise _malformed(f'two signatures have tag="{TAG_REQUEST}"')
    components, parameters = inputs[tagged[0]]
    signature, _ = signatures[tagged[0]]
    if not isinstance(components, list) or not isinstance(signature, bytes):
        raise _malformed("Signature-Input holds lists of components, and Signature octets between colons")
    if len(components) > MAX_COMPONENTS or not all(type(name) is str for name, _ in components):
        raise _malformed(f"at most {MAX_COMPONENTS} components are taken, each a text")
    return components, parameters, signature


def _dictionary(request: Request, name: str) -> dict[str, tuple[Any, Parameters]]:
    """Return a Dictionary field (RFC 9651 §3.2); a label that stands twice is refused and not overwritten."""
    raw = ", ".join(request.all_headers(name))
    if len(raw) > MAX_FIELD_CHARACTERS:
        raise _malformed(f"{name} is longer than {MAX_FIELD_CHARACTERS} characters")
    if not raw:
        return {}

    def twice(label: str, context: str) -> None:
        raise _malformed(f"{name} names {label[:64]} twice ({context})")

    try:
        found = http_sf.parse(raw.encode("ascii"), tltype="dictionary", on_duplicate_key=twice)
    except (ValueError, TypeError):
        raise _malformed(f"{name} is not a structured field dictionary") from None
    return cast("dict[str, tuple[Any, Parameters]]", found)


def _check_coverage(components: list[tuple[str, Parameters]], wanted: Collection[str]) -> None:
    """Return if each needed component is covered as a whole: with a parameter (`;key=`, `;bs`) it is another one."""
    identities = [(name, frozenset(parameters.items())) for name, parameters in components]
    if len(set(identities)) != len(identities):
        raise _malformed("a component is covered twice")
    plain = {name for name, parameters in components if not parameters}
    missing = [name for name in wanted if name not in plain]
    if missing:
        shown = ", ".join(missing)
        raise Refused(Reason.SIGNATURE_COVERAGE, f"not covered: {shown}", headers=accept_signature(wanted))


def _check_times(parameters: Parameters, now: Instant, skew: Seconds) -> Instant:
    unknown = parameters.keys() - _PARAMETERS
    if unknown:
        raise _malformed("a signature has the parameters created, expires, keyid, alg, nonce and tag only")
    if any(name in parameters and type(parameters[name]) is not str for name in _TEXTS):
        raise _malformed("keyid, alg, nonce and tag are texts in quotes")
    created, expires = parameters.get("created"), parameters.get("expires")
    if type(created) is not int or ("expires" in parameters and type(expires) is not int):
        raise _malformed("created is needed; it and expires are whole seconds")
    if not now - MAX_AGE <= created <= now + skew:
        raise Refused(Reason.SIGNATURE_STALE, f"created may be at most {MAX_AGE:.0f} seconds ago")
    if isinstance(expires, int) and expires <= now:
        raise Refused(Reason.SIGNATURE_STALE, "it has expired")
    return Instant(float(created))


def _key(
    parameters: Parameters, keys: Mapping[str, VerificationKey], algorithms: Collection[Algorithm]
) -> VerificationKey:
    """Return the registered key that `keyid` names; its record decides the algorithm.  RFC 9421 §3.2, item 6."""
    key = keys.get(parameters.get("keyid", ""))
    if key is None:
        raise Refused(Reason.SIGNATURE_KEY, "keyid has to be the kid of a key that the client has registered")
    if key.algorithm not in algorithms:
        raise Refused(Reason.SIGNATURE_ALGORITHM, f"{key.algorithm} is not taken here")
    if "alg" in parameters and parameters["alg"] != HTTP_ALGORITHMS.get(key.algorithm):
        expected = HTTP_ALGORITHMS.get(key.algorithm)
        say = f'write alg="{expected}" or leave it out' if expected else "leave alg out"
        raise Refused(Reason.SIGNATURE_ALGORITHM, f"the key is registered for {key.algorithm}: {say}")
    return key


def _check_digest(request: Request, body: bytes) -> None:
    """Compare each digest given; an algorithm that is not known could hide that none was compared."""
    values = request.all_headers("content-digest")
    if not values:
        raise Refused(Reason.CONTENT_DIGEST, "the Content-Digest header is missing")
    try:
        ContentDigest.verify(", ".join(values), body)
    except InvalidSignature as why:
        raise Refused(Reason.CONTENT_DIGEST, "sha-256 or sha-512 over the body as sent", private=str(why)) from None


def signature_base(request: Request, components: list[tuple[str, Parameters]], parameters: Parameters) -> bytes:
    """Return the signature base.  RFC 9421 §2.5.  Raises Refused SIGNATURE_MALFORMED."""
    return _joined(_Resolver(request), components, parameters)


def _joined(
    resolver: HTTPSignatureComponentResolver, components: list[tuple[str, Parameters]], parameters: Parameters
) -> bytes:
    lines = []
    try:
        for name, component in components:
            item = Item(name)
            item.params.update(component)
            value = resolver.resolve(item)
            lines.append(f"{item}: {value}")
        listed = http_sf.ser(cast("Any", [(components, parameters)]))
        base = "\n".join((*lines, f'"@signature-params": {listed}')).encode("ascii")
    except (HTTPMessageSignaturesException, ValueError, TypeError) as why:
        raise Refused(
            Reason.SIGNATURE_MALFORMED, "a covered component cannot be read from this request", private=str(why)[:200]
        ) from None
    if base.count(b"\n") != len(lines):
        raise _malformed("a covered component holds a line end")
    return base


def _malformed(detail: str) -> Refused:
    return Refused(Reason.SIGNATURE_MALFORMED, detail)
