"""What the library seals is opened here by the construction written out once more: X-Wing's combiner, then HPKE's key schedule."""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.ids import system_random
from ringfence.keys.providers.hybrid import (
    ENCAPSULATED_BYTES,
    LABEL,
    SECRET_BYTES,
    SEED_BYTES,
    DoesNotOpen,
    HybridKey,
    new_secret,
)

SECRET = bytes(range(96))
CONTEXT = b"context"
ML_KEM_BYTES = 1088
SUITE = b"HPKE" + (0x647A).to_bytes(2) + (1).to_bytes(2) + (2).to_bytes(2)
XWING = bytes.fromhex("5c2e2f2f5e5c")
"""The label of draft-connolly-cfrg-xwing-kem §5.3."""


def extract(salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + label + secret, "sha256")


def expand(key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    text = length.to_bytes(2) + b"HPKE-v1" + SUITE + label + info
    return hmac.digest(key, text + b"\x01", "sha256")[:length]


def opened_by_hand(wrapped: bytes, context: bytes, ss_m: bytes, ss_x: bytes, pk_x: bytes) -> bytes:
    """Open with the shared secrets of both KEMs: RFC 9180 §5.1 in the base mode."""
    ct_x = wrapped[ML_KEM_BYTES:ENCAPSULATED_BYTES]
    shared = hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + XWING).digest()
    info = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", LABEL + context)
    secret = extract(shared, b"secret", b"")
    key, nonce = expand(secret, b"key", info, 32), expand(secret, b"base_nonce", info, 12)
    return AESGCM(key).decrypt(nonce, wrapped[ENCAPSULATED_BYTES:], b"")


def test_it_is_x_wing_and_hpke_written_out():
    mlkem = MLKEM768PrivateKey.from_seed_bytes(SECRET[:SEED_BYTES])
    x25519 = X25519PrivateKey.from_private_bytes(SECRET[SEED_BYTES:])
    wrapped = HybridKey(SECRET).wrap(b"k" * 32, CONTEXT)
    assert len(wrapped) == ENCAPSULATED_BYTES + 32 + 16
    ss_m = mlkem.decapsulate(wrapped[:ML_KEM_BYTES])
    ss_x = x25519.exchange(X25519PublicKey.from_public_bytes(wrapped[ML_KEM_BYTES:ENCAPSULATED_BYTES]))
    pk_x = x25519.public_key().public_bytes_raw()
    assert opened_by_hand(wrapped, CONTEXT, ss_m, ss_x, pk_x) == b"k" * 32
    for one_alone in ((ss_m, bytes(32)), (bytes(32), ss_x), (ss_m, ss_m), (ss_x, ss_m)):
        with pytest.raises(InvalidTag):
            opened_by_hand(wrapped, CONTEXT, *one_alone, pk_x)
    with pytest.raises(InvalidTag):
        opened_by_hand(wrapped, b"other", ss_m, ss_x, pk_x)


def test_the_same_secret_is_the_same_key_and_each_wrapping_another():
    wrapped = [HybridKey(SECRET).wrap(b"s", CONTEXT) for _ in range(3)]
    assert len(set(wrapped)) == 3
    assert {HybridKey(SECRET).unwrap(one, CONTEXT) for one in wrapped} == {b"s"}


def test_half_of_the_key_does_not_open():
    wrapped = HybridKey(SECRET).wrap(b"secret", CONTEXT)
    other = new_secret(system_random)
    for key in (SECRET[:SEED_BYTES] + other[SEED_BYTES:], other[:SEED_BYTES] + SECRET[SEED_BYTES:], other):
        with pytest.raises(DoesNotOpen):
            HybridKey(key).unwrap(wrapped, CONTEXT)


@pytest.mark.parametrize("at", [0, 500, 1087, 1088, 1100, 1119, 1120, 1125, -16, -1])
def test_a_flipped_bit_of_any_part_does_not_open(at):
    wrapped = bytearray(HybridKey(SECRET).wrap(b"secret", CONTEXT))
    wrapped[at] ^= 1
    with pytest.raises(DoesNotOpen):
        HybridKey(SECRET).unwrap(bytes(wrapped), CONTEXT)


def test_the_parts_of_two_wrappings_do_not_go_together():
    one, two = (HybridKey(SECRET).wrap(b"secret", CONTEXT) for _ in range(2))
    for cut in (ML_KEM_BYTES, ENCAPSULATED_BYTES):
        with pytest.raises(DoesNotOpen):
            HybridKey(SECRET).unwrap(one[:cut] + two[cut:], CONTEXT)


@pytest.mark.parametrize("left", [0, 1, 1088, 1120, 1135, 1141])
def test_what_is_cut_does_not_open(left):
    wrapped = HybridKey(SECRET).wrap(b"secret", CONTEXT)
    with pytest.raises(DoesNotOpen):
        HybridKey(SECRET).unwrap(wrapped[:left], CONTEXT)


def test_a_point_of_low_order_is_refused():
    """It would make the shared secret of X25519 known to anybody (RFC 7748 §6.1)."""
    wrapped = HybridKey(SECRET).wrap(b"secret", CONTEXT)
    with pytest.raises(DoesNotOpen):
        HybridKey(SECRET).unwrap(wrapped[:ML_KEM_BYTES] + bytes(32) + wrapped[ENCAPSULATED_BYTES:], CONTEXT)


@pytest.mark.parametrize("length", [0, 32, 64, 95, 97])
def test_a_secret_of_another_length_is_no_key(length):
    with pytest.raises(ValueError, match="96"):
        HybridKey(bytes(length))
    assert len(new_secret(system_random)) == SECRET_BYTES
