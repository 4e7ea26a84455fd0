"""What the policy says about the audit log."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Witness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else's process that cosigns our checkpoints."""

    key: Annotated[
        str,
        Meta(
            pattern=r"^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$",
            description="Its public key as `ringfence witness` prints it: name+id+key.",
        ),
    ]
    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$", description="Where it takes checkpoints (C2SP tlog-witness)."
        ),
    ]


class Audit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log of everything that happened, which nobody can change quietly."""

    origin: Annotated[
        str,
        Meta(
            pattern=r"^[^\s+]*$",
            description="Names the log in its checkpoints; it never changes. Empty: the issuer without `https://`, and `/audit`.",
        ),
    ] = ""
    checkpoint_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="A signed checkpoint so often, while there is something new.")
    ] = 1.0
    checkpoint_entries: Annotated[int, Meta(ge=1, description="And after so many entries.")] = 5000
    post_quantum: Annotated[
        bool, Meta(description="Sign checkpoints with ML-DSA-44 (FIPS 204), too; needs a second key.")
    ] = False
    witnesses: Annotated[
        tuple[Witness, ...], Meta(description="Who cosigns; at least one should be in somebody else's hands.")
    ] = ()
    receipts: Annotated[
        Literal["off", "on"],
        Meta(
            description="`on`: every answer of the gateway carries a `Ringfence-Receipt` that binds us to the decision."
        ),
    ] = "off"


def origin_of(audit: Audit, issuer: str) -> str:
    """Return how the log is called in its checkpoints."""
    return audit.origin or issuer.removeprefix("https://") + "/audit"
