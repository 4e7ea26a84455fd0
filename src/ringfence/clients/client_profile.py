"""What a client's profile makes of its requests and responses, and what would contradict it.  FAPI 2.0 Message Signing §5.3, §5.4; RFC 9101 §10.5."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from ringfence.clients.texts import fault
from ringfence.policy.registration_model import ProfileName

ResponseMode = Literal["query", "jwt"]


class Signing(msgspec.Struct, frozen=True):
    """What is signed between a client and us, beyond tokens."""

    require_signed_request_object: bool
    response_modes: tuple[ResponseMode, ...]


PROFILES: Final[Mapping[ProfileName, Signing]] = {
    "fapi2": Signing(require_signed_request_object=False, response_modes=("query", "jwt")),
    "fapi2-message-signing": Signing(require_signed_request_object=True, response_modes=("jwt",)),
    "oauth2.1": Signing(require_signed_request_object=False, response_modes=("query", "jwt")),
}
"""What each profile says where the client does not say it itself."""


def signing_of(
    profile: ProfileName,
    *,
    signed: bool | None,
    response_modes: tuple[ResponseMode, ...] | None,
    has_keys: bool,
) -> Signing:
    """Return what a client signs and gets signed.

    Args:
        profile: the client's.
        signed: whether its requests must be signed; None: as the profile says.
        response_modes: how it may have its responses; None: as the profile says.
        has_keys: whether it has keys, which signed requests are verified with.

    Raises:
        Refused: ADMIN_REQUEST, with the member that contradicts the profile or another member.
    """
    usual = PROFILES[profile]
    signed = usual.require_signed_request_object if signed is None else signed
    modes = usual.response_modes if response_modes is None else response_modes
    if not modes or len(set(modes)) != len(modes):
        raise fault("/response_modes", "names each response mode once, and at least one")
    if usual.require_signed_request_object and not signed:
        raise fault("/require_signed_request_object", f"contradicts the profile {profile}, whose requests are signed")
    for i, mode in enumerate(modes):
        if mode not in usual.response_modes:
            raise fault(f"/response_modes/{i}", f"contradicts the profile {profile}, whose responses are signed")
    if signed and not has_keys:
        raise fault("/jwks", "is needed to verify the client's signed requests")
    return Signing(require_signed_request_object=signed, response_modes=modes)
