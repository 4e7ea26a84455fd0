"""The policy's block `signer`: who holds the keys, how they are sealed, when they are replaced."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PurposeName = Annotated[
    str, Meta(pattern=r"^[a-z][a-z-]{1,40}$", description="A purpose as `ringfence keys list` shows it.")
]


class Seal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the root key on disk is sealed by. Name one; none leaves it readable to whoever reads the file."""

    credential: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.-]*$",
            description="Name of a systemd credential with the passphrase (`LoadCredentialEncrypted=`), read from `$CREDENTIALS_DIRECTORY`.",
        ),
    ] = ""
    passphrase_file: Annotated[
        str, Meta(description="Path of a file with the passphrase; readable by its owner only, on another disk.")
    ] = ""


class Pkcs11(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device that speaks PKCS#11."""

    library: Annotated[str, Meta(description="Path of the device's PKCS#11 library.")]
    token: Annotated[str, Meta(min_length=1, description="Label of the token.")]
    pin_file: Annotated[str, Meta(description="Path of a file with the user PIN; readable by its owner only.")]


class AwsKms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AWS KMS. Credentials come as for every AWS client: from the machine's role, or the environment."""

    region: Annotated[str, Meta(min_length=1, description="For example eu-central-1.")]
    endpoint: Annotated[str, Meta(description="Another endpoint than the region's. Empty: the region's.")] = ""
    prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/_-]*$", description="Before the alias of each key.")] = (
        "ringfence/"
    )


class Vault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The transit engine of HashiCorp Vault or OpenBao."""

    url: Annotated[str, Meta(pattern=r"^https?://[^/?#\s]+$", description="For example https://vault.internal:8200.")]
    token_file: Annotated[str, Meta(description="Path of a file with the token, as an agent keeps it fresh.")]
    mount: Annotated[str, Meta(pattern=r"^[A-Za-z0-9/_-]+$", description="Mount of the transit engine.")] = "transit"
    authority: Annotated[str, Meta(description="PEM file with the authority of its certificate. Empty: the usual.")] = (
        ""
    )


class RotationRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the key of a purpose is replaced; what is absent stays as it is by default."""

    days: Annotated[Annotated[float, Meta(ge=0, le=3650)] | None, Meta(description="At that age. 0: never by age.")] = (
        None
    )
    uses: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="After that many uses, counted in blocks of 65,536. 0: never by count."),
    ] = None


class SignerPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signer: the one process that holds private keys."""

    provider: Annotated[
        Literal["local", "pkcs11", "aws_kms", "vault"],
        Meta(description="Where new keys are made and kept. Keys that are there stay where they are."),
    ] = "local"
    keep_local: Annotated[
        tuple[PurposeName, ...],
        Meta(description="Purposes whose keys are `local` all the same, as for an algorithm that the provider lacks."),
    ] = ()
    seal: Seal = Seal()
    pkcs11: Annotated[Pkcs11 | None, Meta(description="Needed by `provider: pkcs11`.")] = None
    aws_kms: Annotated[AwsKms | None, Meta(description="Needed by `provider: aws_kms`.")] = None
    vault: Annotated[Vault | None, Meta(description="Needed by `provider: vault`.")] = None
    algorithms: Annotated[
        dict[PurposeName, Literal["ES256", "PS256", "EdDSA", "A256GCM", "MLKEM768-X25519"]],
        Meta(
            description="Algorithm of new keys, by purpose; for `token` see `oauth.signing_algorithm`. `data` wraps by `A256GCM`, or by `MLKEM768-X25519`, which only `local` has."
        ),
    ] = msgspec.field(default_factory=dict)
    publish_ahead_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400 * 90,
            description="How long a new signing key is published before its first use: as long as partners' caches last.",
        ),
    ] = 3600.0
    keep_published_seconds: Annotated[
        float,
        Meta(
            ge=60,
            le=86_400 * 400,
            description="How long a replaced token key stays published: longer than any token lives.",
        ),
    ] = 7200.0
    rotation: Annotated[
        dict[PurposeName, RotationRule],
        Meta(
            description="By purpose. By default token keys are replaced at 60 days, other keys at 365, keys that wrap also after 2^31 uses; keys of `index` and `checkpoint` never."
        ),
    ] = msgspec.field(default_factory=dict)
    tenant_keys: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(client:(\*|[A-Za-z0-9._~:/-]{1,200})|shared)$")], ...],
        Meta(
            description="Tenants of protected fields whose data keys are wrapped by a key of their own: `client:` and the id of a client, `client:*` for each of them, or `shared`. What others have is wrapped by one key together."
        ),
    ] = ()
    operators: Annotated[
        tuple[Annotated[int, Meta(ge=0)], ...],
        Meta(
            description="User ids (numbers) of those who may declare a key compromised; it takes two of them. Fewer than two: nobody can."
        ),
    ] = ()
    approval_socket: Annotated[
        str,
        Meta(
            description="Path of the unix socket on which operators ask and approve; in a directory that they may enter. Empty: in `state/run`."
        ),
    ] = ""
