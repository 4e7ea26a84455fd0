"""The parts of the policy about clients' own registration and their life.  RFC 7591 §2, §2.3; RFC 9700 §2.

`policy.model` holds the rest of the file's form.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

ProfileName = Literal["fapi2", "fapi2-message-signing", "oauth2.1"]
RegistrableGrant = Literal["authorization_code", "refresh_token", "client_credentials"]


KeySet = Annotated[
    str | dict[str, Any],
    Meta(description="Its public keys: the path of a JWK set in a file. Empty: they are at `jwks_uri`."),
]
KeySetUrl = Annotated[
    str,
    Meta(pattern=r"^(https://[^/?#\s]+(/[^#\s]*)?)?$", description="Where its public keys are: https, a public host."),
]


class StatementIssuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory or authority whose software statements are believed."""

    issuer: Annotated[str, Meta(min_length=1, description="The `iss` of its statements, character by character.")]
    jwks: KeySet = ""
    jwks_uri: KeySetUrl = ""
    algorithms: Annotated[
        tuple[Literal["ES256", "PS256", "EdDSA"], ...],
        Meta(min_length=1, description="Algorithms taken in its statements."),
    ] = ("ES256", "PS256", "EdDSA")
    max_age_seconds: Annotated[
        int, Meta(ge=60, le=31_536_000, description="A statement counts this long after its `iat`.")
    ] = 3600
    vouches_for: Annotated[
        tuple[str, ...],
        Meta(
            description="Client metadata that each statement must hold, so that nobody who comes by one can register other values."
        ),
    ] = ("redirect_uris",)
    claims: Annotated[
        dict[str, str],
        Meta(
            description="Where a piece of client metadata has another name in the statements: `redirect_uris: software_redirect_uris`."
        ),
    ] = msgspec.field(default_factory=dict)


class Registration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Clients may register themselves (RFC 7591) and manage what they registered (RFC 7592)."""

    require: Annotated[
        tuple[Literal["invitation", "statement"], ...],
        Meta(
            min_length=1,
            description="What a registration needs, all of it: an `invitation` (an initial access token, made by `ringfence clients invite`), a software `statement`.",
        ),
    ]
    statement_issuers: Annotated[
        tuple[StatementIssuer, ...], Meta(description="Whose software statements are believed.")
    ] = ()
    scopes: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Scopes that a client can register for itself. Absent: all of `oauth.scopes`, and `openid`: name them where a partner must not give itself every one."
        ),
    ] = None
    grant_types: Annotated[
        tuple[RegistrableGrant, ...],
        Meta(min_length=1, description="Grant types that a client can register for itself."),
    ] = ("authorization_code", "refresh_token", "client_credentials")
    authentication: Annotated[
        tuple[Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"], ...],
        Meta(min_length=1, description="Ways of client authentication that a client can register for itself."),
    ] = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")


class ClientRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every client, however it was registered."""

    profiles: Annotated[
        tuple[ProfileName, ...],
        Meta(
            min_length=1,
            description="Profiles that clients may have. `oauth2.1` lets a client send its authorization request through the browser instead of pushing it.",
        ),
    ] = ("fapi2", "fapi2-message-signing")
    key_overlap_seconds: Annotated[
        int, Meta(ge=0, le=2_592_000, description="How long keys that a client has replaced are still taken.")
    ] = 86_400
    warn_before_days: Annotated[
        int,
        Meta(ge=0, le=365, description="How long before its end a client's certificate or statement is warned of."),
    ] = 30
