"""What a policy says about payloads that partners seal; its field descriptions are part of the manual page.  RFC 7516."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Place = Annotated[str, Meta(pattern=r"^(\$|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$", max_length=160)]


class PayloadEncryption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bodies are sealed: requests to our key of purpose `payload`, answers to the one that the calling client registered."""

    profile: Annotated[
        Literal["jwe", "mastercard-jwe", "visa-mle", "visa-mle-256", "visa-acceptance"],
        Meta(
            description="`jwe`: the body is a compact JWE, `application/jose`, whose header names client and URL (`iss`, `aud`); the others: JSON with the JWE in a member, as that partner's guide has it."
        ),
    ]
    request: Annotated[
        Literal["required", "off"],
        Meta(
            description="`required`: a body has to be sealed; it is opened before anything reads it, and your API gets it in clear."
        ),
    ]
    answer: Annotated[
        Literal["required", "off"],
        Meta(
            description="`required`: what your API answers is sealed as a whole to the client's key for encryption; a client without one is refused before anything is sent."
        ),
    ] = "off"
    at: Annotated[
        dict[Place, Place],
        Meta(
            description='In requests: where something is sealed, and where it goes in clear: dotted paths, `$` for the whole body. For example `{encryptedCard: card}`. Default: `{"$": "$"}`.',
        ),
    ] = msgspec.field(default_factory=lambda: {"$": "$"})


PayloadDemand = Annotated[
    PayloadEncryption | None,
    Meta(description="Bodies that are sealed (JWE): requests by partners, answers for them. Default: none."),
]
