"""Hold the algorithms that a client names for itself against its keys and the policy.  RFC 7591 §2; RFC 9101 §4; RFC 9449 §5.1; RFC 8725 §3.1."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from ringfence.clients.texts import fault
from ringfence.proofs.jwk import Algorithm


class Asked(Protocol):
    """The part of a client that this is about."""

    @property
    def authentication(self) -> str:
        """How it authenticates."""
        ...

    @property
    def binding(self) -> str:
        """How its tokens are bound."""
        ...

    @property
    def assertion_algorithm(self) -> str:
        """Of its client assertions."""
        ...

    @property
    def request_object_algorithm(self) -> str:
        """Of its signed requests."""
        ...

    @property
    def dpop_algorithm(self) -> str:
        """Of its DPoP proofs."""
        ...


def check_algorithms(asked: Asked, keys: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Return if each algorithm that is named can be used at all.

    Args:
        asked: the client.
        keys: its JWK set as it will be kept; empty where its keys are elsewhere.
        allowed: the policy's algorithms.

    Raises:
        Refused: ADMIN_REQUEST, with the member that is wrong.
    """
    named = {
        "assertion_algorithm": asked.assertion_algorithm,
        "request_object_algorithm": asked.request_object_algorithm,
        "dpop_algorithm": asked.dpop_algorithm,
    }
    for member, algorithm in named.items():
        if algorithm and algorithm not in allowed:
            raise fault(f"/{member}", f"is one of: {', '.join(allowed)}")
    if asked.assertion_algorithm and asked.authentication != "private_key_jwt":
        raise fault("/assertion_algorithm", "goes with private_key_jwt only")
    if asked.dpop_algorithm and asked.binding != "dpop":
        raise fault("/dpop_algorithm", "goes with tokens that are bound by DPoP only")
    own = {key["alg"] for key in keys.get("keys", ())}
    for member in ("assertion_algorithm", "request_object_algorithm"):
        if own and named[member] and named[member] not in own:
            raise fault(f"/{member}", f"is {named[member]}, and no key in jwks is for it")


def taken(registered: str, allowed: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
    """Return the algorithms to verify with: the one that the client registered, as far as the policy has it."""
    return allowed if not registered else tuple(name for name in allowed if name == registered)
