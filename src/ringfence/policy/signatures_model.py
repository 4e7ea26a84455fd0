"""What the policy says about signed messages: a part of `policy.model`, whose form it has."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

SignatureDemand = Annotated[
    Literal["off", "required"] | None,
    Meta(
        description="`required`: an HTTP message signature (RFC 9421) with the tag `fapi-2-request` over method, URL, credentials and body. Default: off."
    ),
]
ResponseSignatureDemand = Annotated[
    Literal["off", "required"] | None,
    Meta(
        description="`required`: answers carry an HTTP message signature (RFC 9421) with the tag `fapi-2-response`; without the signer the call is refused with 503 before the upstream is called. Default: off."
    ),
]
BodySignatureDemand = Annotated[
    Literal["off", "compact", "detached"] | None,
    Meta(
        description="`compact`: the body is a JWS, `application/jwt` or `application/jose`; `detached`: a JWS over the body stands in `x-jws-signature`. The document has to declare it. Default: off."
    ),
]
UpstreamBody = Annotated[
    Literal["as_received", "payload"] | None,
    Meta(
        description="With `body_signature: compact`, what the upstream gets: the JWS, or its payload as `application/json`. Default: as_received."
    ),
]


class SignedBodies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the signatures of bodies are held against."""

    claims: Annotated[
        tuple[Literal["iss", "aud", "iat", "exp", "nbf", "jti"], ...],
        Meta(description="Claims that a compact JWS must have. Those that it has are checked in any case."),
    ] = ("iss", "aud", "iat", "jti")
    max_age_seconds: Annotated[
        float, Meta(ge=10, le=86_400, description="How far the time of signing may lie in the past.")
    ] = 300.0
    issuers: Annotated[
        dict[str, str],
        Meta(
            description="By client id, what else a client may call itself in `iss`: for example its number in a directory. The client id, and the subject of its certificate, always do."
        ),
    ] = msgspec.field(default_factory=dict)
    trust_anchors: Annotated[
        tuple[str, ...],
        Meta(description="What `http://openbanking.org.uk/tan` may say in a detached signature."),
    ] = ("openbanking.org.uk",)
