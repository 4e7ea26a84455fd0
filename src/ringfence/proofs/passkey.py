"""Read and verify what a passkey presents; the only module that knows the library.  Web Authentication Level 3 §7.1, §7.2.

The library leaves to us: a strict reading of the browser's JSON, frames of other sites, the count
(whoever keeps it compares it), the user handle, and which forms of attestation are worth parsing.
"""

import hashlib
from typing import Final

import msgspec
import webauthn
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography, parse_cbor
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from ringfence import strict_json
from ringfence.problem import Reason, Refused
from ringfence.proofs.segments import decode_segment, encode_segment

ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""What passkeys sign with; RS256 is what the TPMs of older Windows machines have.  §5.4.3."""

MAX_CREDENTIAL_CHARACTERS: Final = 16_384
"""Of the browser's JSON; with an RSA key and no attestation it has some 2,000."""

MAX_CREDENTIAL_ID: Final = 1023
"""Bytes.  §7.1 step 26."""

HANDLE_BYTES: Final = 32

_DEPTH: Final = 4


class Party(msgspec.Struct, frozen=True):
    """Who we are to a passkey."""

    rp_id: str
    """Host of the issuer: passkeys work there, and on no other site."""
    origin: str
    """`https://host[:port]`, compared exactly."""


class Answer(msgspec.Struct, frozen=True):
    """What a browser posted, decoded and not yet verified."""

    credential_id: str
    client_data: bytes
    challenge: str
    """Base64url, as the browser says that it was given."""
    attestation: bytes = b""
    authenticator_data: bytes = b""
    signature: bytes = b""
    user_handle: bytes = b""


class Registered(msgspec.Struct, frozen=True):
    """A new passkey, verified."""

    credential_id: str
    public_key: str
    sign_count: int
    backed_up: bool


class Asserted(msgspec.Struct, frozen=True):
    """A use of a passkey, verified; whether its count is fresh is for the records to say."""

    sign_count: int
    backed_up: bool


class _Response(msgspec.Struct, rename="camel"):
    client_data_json: str = msgspec.field(name="clientDataJSON")
    attestation_object: str = ""
    authenticator_data: str = ""
    signature: str = ""
    user_handle: str | None = None


class _Credential(msgspec.Struct):
    id: str
    type: str
    response: _Response


class _ClientData(msgspec.Struct):
    type: str
    challenge: str
    origin: str
    crossOrigin: bool = False  # noqa: N815 - §5.8.1 names it so
    topOrigin: str = ""  # noqa: N815 - the same


def user_handle(user_id: str) -> bytes:
    """Return what an authenticator keeps of a customer: neither the name nor the subject that partners know.  §6.1."""
    return hashlib.sha256(b"passkey user handle\n" + user_id.encode()).digest()


def read_answer(text: str) -> Answer:
    """Return what a browser posted as JSON.

    Raises:
        Refused: PASSKEY_INVALID, unless it has one meaning only and every part is base64url.
    """
    if not 0 < len(text) <= MAX_CREDENTIAL_CHARACTERS:
        raise _refused("the browser's answer is empty or too long")
    try:
        posted = msgspec.convert(strict_json.parse(text.encode(), max_depth=_DEPTH), _Credential)
        client_data = _decoded(posted.response.client_data_json)
        said = msgspec.convert(strict_json.parse(client_data, max_depth=_DEPTH), _ClientData)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise _refused(f"the browser's answer: {error}") from None
    except Refused as refused:
        raise _refused(f"the browser's answer: {refused.reason.value}") from None
    if posted.type != "public-key" or not 0 < len(_decoded(posted.id)) <= MAX_CREDENTIAL_ID:
        raise _refused("it is no public key credential, or its id is too long")
    if said.crossOrigin or said.topOrigin:
        raise _refused("it was asked for within a page of another site")
    response = posted.response
    return Answer(
        credential_id=posted.id,
        client_data=client_data,
        challenge=said.challenge,
        attestation=_decoded(response.attestation_object),
        authenticator_data=_decoded(response.authenticator_data),
        signature=_decoded(response.signature),
        user_handle=_decoded(response.user_handle or ""),
    )


def verify_registration(answer: Answer, party: Party, challenge: bytes) -> Registered:
    """Return the new passkey: its authenticator has verified the customer, and says no more of itself.

    Attestation is not asked for. Browsers then send none, or that of the passkey's own key; any other is
    refused before the library parses certificates that nobody wanted.

    Raises:
        Refused: PASSKEY_INVALID.
    """
    _require_plain_attestation(answer.attestation)
    raw_id = _decoded(answer.credential_id)
    credential = RegistrationCredential(
        id=answer.credential_id,
        raw_id=raw_id,
        response=AuthenticatorAttestationResponse(
            client_data_json=answer.client_data, attestation_object=answer.attestation
        ),
    )
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
        # without attestation nothing else would notice a key that is none
        decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parsers meet
        raise _refused(f"{type(error).__name__}: {error}") from None
    if verified.credential_id != raw_id:
        raise _refused("the browser names another credential than the authenticator")
    return Registered(
        answer.credential_id,
        encode_segment(verified.credential_public_key),
        verified.sign_count,
        verified.credential_backed_up,
    )


def verify_use(
    answer: Answer, party: Party, challenge: bytes, public_key: str, *, demand_verification: bool
) -> Asserted:
    """Return the use of a passkey.

    Args:
        answer: what the browser posted.
        party: who we are.
        challenge: what this browser was given.
        public_key: the passkey's, as it was registered.
        demand_verification: the authenticator must have verified the customer (by finger, face or PIN).

    Raises:
        Refused: PASSKEY_INVALID.
    """
    credential = AuthenticationCredential(
        id=answer.credential_id,
        raw_id=_decoded(answer.credential_id),
        response=AuthenticatorAssertionResponse(
            client_data_json=answer.client_data,
            authenticator_data=answer.authenticator_data,
            signature=answer.signature,
            user_handle=answer.user_handle,
        ),
    )
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=_decoded(public_key),
            credential_current_sign_count=0,
            require_user_verification=demand_verification,
        )
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parsers meet
        raise _refused(f"{type(error).__name__}: {error}") from None
    return Asserted(verified.new_sign_count, verified.credential_backed_up)


def _require_plain_attestation(attestation: bytes) -> None:
    try:
        parsed = parse_cbor(attestation)
        form, statement = parsed["fmt"], parsed["attStmt"]
        plain = form == "none" or (form == "packed" and "x5c" not in statement)
    except Exception as error:  # noqa: BLE001 - the same
        raise _refused(f"attestation: {type(error).__name__}") from None
    if not plain:
        raise _refused("an attestation that was not asked for")


def _decoded(text: str) -> bytes:
    return decode_segment(text, Reason.PASSKEY_INVALID)


def _refused(private: str) -> Refused:
    return Refused(Reason.PASSKEY_INVALID, private=private[:256])
