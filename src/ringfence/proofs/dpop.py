"""Verify a DPoP proof, and bind a token to its sender's key.  RFC 9449 §4.2, §4.3, §6, §11.1."""

import functools
import hashlib
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.problem import Reason, Refused
from ringfence.proofs import claims as claim
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.jwk import Algorithm, VerificationKey, parse_public_jwk
from ringfence.proofs.jws import Kind, check_algorithm, header_of, media_type, members_of, split, verify
from ringfence.proofs.replay import claim_key
from ringfence.proofs.segments import encode_segment
from ringfence.proofs.target import check_target

KIND: Final = Kind("DPoP proof", Reason.PROOF_MALFORMED, Reason.PROOF_ALGORITHM, Reason.PROOF_SIGNATURE)
TYPE: Final = "dpop+jwt"

NONCE_HEADER: Final = "dpop-nonce"
"""The field in which a server gives out the nonce for the next proof.  RFC 9449 §8.1."""

JTI_CHARACTERS: Final = 256
"""Longest `jti` taken."""

KEYS_REMEMBERED: Final = 4096
"""A client's proofs have one header, byte for byte; an entry takes about 3 KB."""

REMEMBERED_HEADER_CHARACTERS: Final = 1536
"""Headers up to a 4096-bit RSA key's are worth remembering; longer ones would fill the memory."""


class Proof(msgspec.Struct, frozen=True, gc=False):
    """A proof that verifies for one call. That it comes for the first time is for the shared state to say."""

    jkt: str
    """Thumbprint of the key that signed it."""
    jti: str
    issued_at: Instant
    replay_key: bytes
    """To be claimed, once, until `replay_until`; at most 64 bytes."""
    replay_until: Instant


def only_proof(values: Sequence[str]) -> str:
    """Return the one `dpop` field line of a call.  RFC 9449 §4.3, item 1.

    Raises:
        Refused: PROOF_MISSING or PROOF_MALFORMED.
    """
    if not values:
        raise Refused(Reason.PROOF_MISSING)
    if len(values) > 1:
        raise Refused(Reason.PROOF_MALFORMED, "the DPoP header appears more than once")
    return values[0]


def verify_proof(
    raw: str,
    *,
    method: str,
    url: str,
    algorithms: Collection[Algorithm],
    now: Instant,
    window: Seconds,
    skew: Seconds,
    access_token: str | None,
    nonces: Collection[str] | None = None,
) -> Proof:
    """Return the verified proof.

    Unknown header members and claims are ignored, as the specification wants.

    Args:
        raw: the field's value.
        method: of the call.
        url: that was called: scheme, authority and path.
        algorithms: those allowed.
        now: the present.
        window: how far `iat` may lie in the past, in seconds.
        skew: how far it may lie in the future, in seconds.
        access_token: the token presented with it, or None where none is (PAR, token endpoint).
        nonces: those of ours that are good now; None where no nonce is asked for.

    Raises:
        Refused: PROOF_MALFORMED, PROOF_ALGORITHM, PROOF_SIGNATURE, PROOF_METHOD, PROOF_URL,
            PROOF_STALE, PROOF_NONCE or PROOF_TOKEN_HASH.
    """
    jws = split(raw, KIND)
    if len(jws.encoded_header) <= REMEMBERED_HEADER_CHARACTERS:
        key = _remembered_key(jws.encoded_header)
    else:
        key = _key(jws.encoded_header)
    if key.algorithm not in algorithms:
        raise Refused(Reason.PROOF_ALGORITHM, f"{key.algorithm} is not taken here")
    # Before the signature, which costs the most, what can be refused without it.
    members = members_of(jws.payload, KIND)
    jti = claim.text(members, "jti", KIND)
    if len(jti) > JTI_CHARACTERS:
        raise Refused(Reason.PROOF_MALFORMED, f"jti is longer than {JTI_CHARACTERS} characters")
    if claim.text(members, "htm", KIND) != method:
        raise Refused(Reason.PROOF_METHOD)
    check_target(claim.text(members, "htu", KIND), url)
    issued_at = _check_times(members, now, window, skew)
    if access_token is not None:
        _check_token_hash(members, access_token)
    if nonces is not None:
        nonce = claim.optional_text(members, "nonce", KIND)
        if not nonce or nonce not in nonces:
            raise Refused(Reason.PROOF_NONCE)
    verify(jws, key, KIND)
    replay_until = Instant(issued_at + window + skew)
    return Proof(key.thumbprint, jti, issued_at, claim_key("dpop", key.thumbprint, jti), replay_until)


def check_binding(proof: Proof, token: AccessToken) -> None:
    """Return if the token is bound to the key that made the proof.  RFC 9449 §4.3, item 12.

    Raises:
        Refused: PROOF_KEY.
    """
    if not token.jkt or proof.jkt != token.jkt:
        raise Refused(Reason.PROOF_KEY)


def _key(encoded_header: str) -> VerificationKey:
    """Return the key in a proof's header; a pure function of the text, and so are its refusals."""
    header = header_of(encoded_header, KIND)
    if media_type(header) != TYPE:
        raise Refused(Reason.PROOF_MALFORMED, f'its header has no typ "{TYPE}"')
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        raise Refused(Reason.PROOF_MALFORMED, "its header has no jwk")
    key = parse_public_jwk(jwk, reason=Reason.PROOF_MALFORMED)
    check_algorithm(header, key, KIND)
    return key


_remembered_key = functools.lru_cache(maxsize=KEYS_REMEMBERED)(_key)


def _check_times(members: dict[str, Any], now: Instant, window: Seconds, skew: Seconds) -> Instant:
    issued_at = claim.time(members, "iat", KIND)
    if not now - window <= issued_at <= now + skew:
        raise Refused(Reason.PROOF_STALE)
    expires_at = claim.optional_time(members, "exp", KIND)
    not_before = claim.optional_time(members, "nbf", KIND)
    if (expires_at is not None and expires_at + skew <= now) or (not_before is not None and not_before > now + skew):
        raise Refused(Reason.PROOF_STALE, "by its exp or nbf")
    return issued_at


def _check_token_hash(members: dict[str, Any], access_token: str) -> None:
    """Compare `ath`.  RFC 9449 §4.3, item 11."""
    digest = hashlib.sha256(access_token.encode("utf-8", "surrogatepass")).digest()
    if members.get("ath") != encode_segment(digest):
        raise Refused(Reason.PROOF_TOKEN_HASH)
