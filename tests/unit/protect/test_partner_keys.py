import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringfence.ids import system_random
from ringfence.protect.partner_keys import PartnerKeys, fingerprint, unwrap, wrap
from tests.partner_pairs import keys, kid, pair


def test_a_fingerprint_is_the_hash_of_the_spki() -> None:
    public = pair("ours").public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert fingerprint(public) == hashlib.sha256(spki).hexdigest()


def test_one_pair_for_both_ways_is_refused_and_so_are_short_keys() -> None:
    with pytest.raises(ValueError, match="of their own"):
        keys("ours", "ours")
    short = rsa.generate_private_key(65537, 1024)
    with pytest.raises(ValueError, match="bits"):
        PartnerKeys(kid("theirs"), pair("theirs").public_key(), {"k": short})
    with pytest.raises(ValueError, match="bits"):
        PartnerKeys("k", short.public_key(), {})
    assert keys("theirs").opens == {}


@pytest.mark.parametrize("digest", ["SHA256", "SHA512"])
def test_what_does_not_unwrap_is_replaced_by_random_bytes(digest: str) -> None:
    private = pair("ours")
    wrapped = wrap(private.public_key(), bytes(32), digest)
    assert unwrap(private, wrapped, 32, system_random, digest) == bytes(32)
    other = unwrap(pair("theirs"), wrapped[:-1] + b"\0", 32, system_random, digest)
    assert len(other) == 32
    assert other != bytes(32)
    assert len(unwrap(private, wrapped, 16, system_random, digest)) == 16
    assert unwrap(private, b"", 16, lambda n: b"r" * n, digest) == b"r" * 16
