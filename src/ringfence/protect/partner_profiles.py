"""How each partner writes a JWE: member, algorithms, header, length of the IV.  RFC 7516 §4; RFC 7518 §4.3, §5.3.

From the public guides of Mastercard (client encryption), Visa (message level encryption) and Visa Acceptance.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from ringfence.clock import Instant

Enc = Literal["A128GCM", "A256GCM"]

ALG: Final = "RSA-OAEP-256"
KEY_BYTES: Final[dict[str, int]] = {"A128GCM": 16, "A192GCM": 24, "A256GCM": 32}
VISA_KEY_ID: Final = "keyId"
"""The HTTP header in which Visa wants the `kid` besides."""

Header = Callable[[str, str, Instant], dict[str, Any]]


class Profile(msgspec.Struct, frozen=True):
    """One partner's way."""

    name: str
    member: str
    """The member that holds the compact JWE; empty: it is the whole body."""
    seals: Enc
    opens: frozenset[str]
    """Content encryption that is taken; anything else is refused by its name."""
    header: Header
    """The protected header, in the order that the partner writes it: of `enc`, `kid`, and when."""
    iv_bytes: frozenset[int] = frozenset({12})
    """Lengths of an IV that is taken; we send 12, as RFC 7518 §5.3 says."""
    max_age: float = 0
    """Seconds that `iat` may lie away from now; 0: there is none."""
    key_header: str = ""
    """The HTTP header in which the `kid` is named besides."""


def _mastercard(enc: str, kid: str, _at: Instant) -> dict[str, Any]:
    return {"alg": ALG, "enc": enc, "kid": kid, "cty": "application/json"}


def _visa(enc: str, kid: str, at: Instant) -> dict[str, Any]:
    return {"alg": ALG, "enc": enc, "typ": "JWE", "kid": kid, "iat": int(at * 1000)}


def _visa_acceptance(enc: str, kid: str, at: Instant) -> dict[str, Any]:
    return {"alg": ALG, "enc": enc, "iat": str(int(at)), "kid": kid}


def _jwe(enc: str, kid: str, at: Instant) -> dict[str, Any]:
    return {"alg": ALG, "enc": enc, "kid": kid, "iat": int(at)}


MASTERCARD: Final = Profile(
    name="mastercard-jwe",
    member="encryptedValue",
    seals="A256GCM",
    opens=frozenset(KEY_BYTES),
    header=_mastercard,
    iv_bytes=frozenset({12, 16}),  # their libraries send 16
)
VISA: Final = Profile(
    name="visa-mle",
    member="encData",
    seals="A128GCM",
    opens=frozenset({"A128GCM", "A256GCM"}),
    header=_visa,
    max_age=120,
    key_header=VISA_KEY_ID,
)
VISA_256: Final = msgspec.structs.replace(VISA, name="visa-mle-256", seals="A256GCM")
VISA_ACCEPTANCE: Final = Profile(
    name="visa-acceptance",
    member="encryptedRequest",
    seals="A256GCM",
    opens=frozenset({"A256GCM"}),
    header=_visa_acceptance,
    max_age=120,
)

JWE: Final = Profile(
    name="jwe",
    member="",
    seals="A256GCM",
    opens=frozenset({"A128GCM", "A256GCM"}),
    header=_jwe,
    max_age=120,
)
"""The whole body; its header also says who sealed it and for which URL (`iss`, `aud`).  RFC 7519 §5.3."""

PROFILES: Final = {profile.name: profile for profile in (MASTERCARD, VISA, VISA_256, VISA_ACCEPTANCE)}

REQUESTS: Final = PROFILES | {JWE.name: JWE}
"""Ways in which a request may be sealed."""
