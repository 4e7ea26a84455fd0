"""What a policy says about members of answers that a consent has to cover: a part of `policy.model`, whose form it has.  RFC 9396 §2."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.linking_model import MemberPointer, OptionalMemberPointer

PermissionName = Annotated[
    str, Meta(min_length=1, max_length=128, description="A permission, compared character by character.")
]


class Minimise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Members of answers that leave only where the token's consent names their permission."""

    type: Annotated[
        str,
        Meta(
            description="A type under `oauth.authorization_details` whose objects name permissions. Empty: the token's scopes are the permissions."
        ),
    ] = ""
    permissions: Annotated[
        OptionalMemberPointer,
        Meta(description="Where an object of that type names its permissions: a list of texts, or a text."),
    ] = ""
    fields: Annotated[
        dict[MemberPointer, PermissionName],
        Meta(min_length=1, description="Each member of a JSON answer, with the permission that it needs."),
    ]
    required: Annotated[
        Literal["remove", "refuse"],
        Meta(
            description="Members that the answer's schema requires: taken out all the same, or the call is refused before it goes out."
        ),
    ] = "remove"


class MinimisedField(msgspec.Struct, frozen=True):
    """One member, ready to be taken out."""

    at: str
    parts: tuple[str, ...]
    """Of the pointer `at`."""
    permission: str
    required: bool = False
    """A good answer's schema requires it in its object."""


class Minimised(msgspec.Struct, frozen=True):
    """A rule, compiled against the answers of its operation."""

    rule: Minimise
    fields: tuple[MinimisedField, ...]


MinimiseDemand = Annotated[
    Minimise | None,
    Meta(description="Members of answers that the token's consent has to cover. Default: none."),
]
