"""What a policy says about the protection of single fields; its field descriptions are part of the manual page."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.linking_model import MemberPointer

FieldMode = Literal["encrypt", "deterministic", "open", "tokenise", "detokenise", "mask", "blind_index", "seal"]

OPENING: Final = frozenset({"open", "detokenise"})
"""Modes that show a value."""

SealContent = Literal["A128GCM", "A256GCM"]


class Protect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field, and what is done to it on its way."""

    at: Annotated[MemberPointer, Meta(max_length=160)]
    on: Annotated[
        Literal["request", "answer"],
        Meta(
            description="`request`: before your API gets it, after every decision about the call; `answer`: before the partner gets it."
        ),
    ]
    mode: Annotated[
        FieldMode,
        Meta(
            description="`encrypt`; `deterministic`: encrypted so that equal values stay equal; `open`: what either of the two made; `tokenise`, `detokenise`: a random token in its place, and back; `mask`; `blind_index`: a keyed hash beside it; `seal`, of answers: a JWE to the key for encryption that the calling client registered."
        ),
    ]
    resource: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._~/ {}-]{0,100}$",
            description="What the value is bound to, with `field`: it opens under the same names only. Give operations that share a value the same. Empty: the API's name and the operation's.",
        ),
    ] = ""
    field: Annotated[
        str, Meta(pattern=r"^[^\s@#]{0,160}$", description="The field's name in that resource. Empty: `at`.")
    ] = ""
    revision: Annotated[
        int,
        Meta(
            ge=1,
            le=65_535,
            description="Version of the field's meaning. Raised, it gets new keys, and what was made before no longer opens.",
        ),
    ] = 1
    tenant: Annotated[
        Literal["client", "user", "shared"],
        Meta(
            description="Whose the value is: it opens for calls of the same client, of the same customer, or of anybody."
        ),
    ] = "client"
    clear_for: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="`open`, `detokenise`: only tokens with all of these scopes get the value, others get it as it is kept. `mask`: these get it unmasked. Empty: `open` and `detokenise` for every call that the operation lets through, `mask` for none."
        ),
    ] = ()
    keep_first: Annotated[int, Meta(ge=0, le=8, description="`mask`: characters that stay at the beginning.")] = 0
    keep_last: Annotated[int, Meta(ge=0, le=4, description="`mask`: characters that stay at the end.")] = 4
    form: Annotated[
        Literal["uuid", "last4"],
        Meta(
            description="`tokenise`: `uuid`, or `last4`: letters and digits, then the value's last four; its first character is a letter, so it is never a card number."
        ),
    ] = "uuid"
    same_token: Annotated[
        bool, Meta(description="`tokenise`: the same value of the same tenant gets the same token, by a keyed hash.")
    ] = False
    into: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]{0,64}$",
            description="`blind_index`: the member beside it. Empty: its name and `_index`.",
        ),
    ] = ""
    bits: Annotated[
        int,
        Meta(
            ge=8,
            le=256,
            multiple_of=4,
            description="`blind_index`: how much of the hash is kept. Fewer bits hide how often a value occurs, and find more that is not meant.",
        ),
    ] = 32
    normalise: Annotated[
        Literal["text", "exact"],
        Meta(
            description="`blind_index`, `same_token`: `text` leaves case, spaces and ways of writing a letter (NFKC) out."
        ),
    ] = "text"
    plain: Annotated[
        Literal["refuse", "pass"],
        Meta(
            description="`open`, `detokenise`: a value that was never protected: refused, or let pass while old records are moved."
        ),
    ] = "refuse"


class ProtectedField(msgspec.Struct, frozen=True):
    """A rule with its defaults filled in."""

    rule: Protect
    parts: tuple[str, ...]
    """Of the pointer `at`."""
    resource: str
    name: str

    def scope(self, purpose: str) -> str:
        """Return what the keys for one purpose of this field are known by, beside the tenant."""
        return f"{self.resource}#{self.name}@{self.rule.revision}:{purpose}"


class Protection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of protected fields, whichever operation they belong to."""

    key_cache_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="How long a worker holds a field's key unwrapped: without the signer, fields are protected and opened for so long.",
        ),
    ] = 300
    key_cache_fields: Annotated[
        int, Meta(ge=16, le=1_000_000, description="Fields (of each tenant) whose keys a worker holds at once.")
    ] = 10_000
    rotate_days: Annotated[int, Meta(ge=1, le=730, description="Age at which a field's key is replaced.")] = 90
    rotate_uses: Annotated[
        int, Meta(ge=65_536, le=1 << 31, description="Values sealed under one key at which it is replaced.")
    ] = 1 << 31
    seal_algorithms: Annotated[
        tuple[Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"], ...],
        Meta(
            min_length=1,
            description="Algorithms by which answers are sealed to partners' keys; where a partner has several keys, the first of these that one of them is for.",
        ),
    ] = ("RSA-OAEP-256", "ECDH-ES+A256KW", "ECDH-ES")
    seal_content: Annotated[
        SealContent,
        Meta(
            description="How the content is encrypted then; a partner's own format (`payload_encryption`) says it itself."
        ),
    ] = "A256GCM"


ProtectDemand = Annotated[
    tuple[Protect, ...] | None,
    Meta(
        description="Fields that are protected on their way to your API or to the partner. Default: what the document's `x-ringfence-protect` says, else none."
    ),
]
