"""`python -m bench.partner_formats`: what the scanner, FF1 and partners' formats cost, in microseconds; writes nothing."""

import random

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc.jwk import ECKey, OKPKey, RSAKey
from rich.console import Console
from rich.table import Table

from bench.keys import timed
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import Kind
from ringfence.proofs.encryption_key import EncryptionKey
from ringfence.protect.ff1 import FF1
from ringfence.protect.pan import keyed_hash, read_pan
from ringfence.protect.partner_jwe import open_sealed, seal
from ringfence.protect.partner_keys import PartnerKeys, wrap
from ringfence.protect.partner_legacy import Legacy, open_legacy, seal_legacy
from ringfence.protect.partner_profiles import MASTERCARD
from ringfence.protect.scan import scan
from ringfence.protect.sealing import sealed_to_key

FIELD = b'"GB29NWBK60161331926819"'
SAYS = {"iss": "https://bank.example", "aud": "client_01", "operation": "GetCard", "iat": 0, "at": "/card/pan"}
BODY = b'{"Data":{"Initiation":{"Amount":"12.50","Reference":"' + b"x" * 500 + b'"}}}'


def main() -> None:
    """Measure and print."""
    ours, theirs = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    keys = PartnerKeys("theirs", theirs.public_key(), {"ours": ours})
    other = PartnerKeys("ours", ours.public_key(), {"theirs": theirs})
    now = Instant(0.0)
    sealed = seal(BODY, MASTERCARD, other, now, system_random)
    signer = SealedKeys(bytes(32), system_random)
    handle = signer.generate(Kind.OAEP256, "bench")
    public = load_der_public_key(signer.public(handle))
    assert isinstance(public, rsa.RSAPublicKey)
    wrapped = wrap(public, bytes(32))
    legacy = Legacy("mtls")
    old, _ = seal_legacy({"a": {"b": "x" * 500}}, {"a": "a"}, legacy, ours.public_key(), system_random)
    ff1, pan, key = FF1(bytes(range(32))), read_pan("5105105105105100"), bytes(range(32))
    rng = random.Random(1)
    log = "".join(
        f"2026-11-25T16:44:00 info path=/accounts/{rng.randrange(10**8)} trace={rng.randbytes(16).hex()} took={rng.random()}\n"
        for _ in range(1000)
    ).encode()
    rsa_key = EncryptionKey("r", "RSA-OAEP-256", RSAKey.import_key(theirs.public_key()))
    ec_key = EncryptionKey("e", "ECDH-ES+A256KW", ECKey.import_key(ECKey.generate_key("P-256").as_dict(private=False)))
    x_key = EncryptionKey(
        "x", "ECDH-ES+A256KW", OKPKey.import_key(OKPKey.generate_key("X25519").as_dict(private=False))
    )
    table = Table("work", "µs")
    for name, work, count in (
        ("JWE seal, 0.6 KB", lambda: seal(BODY, MASTERCARD, keys, now, system_random), 300),
        ("JWE open, 0.6 KB", lambda: open_sealed(sealed, MASTERCARD, keys, now, system_random), 100),
        ("field sealed to a partner, RSA 2048", lambda: sealed_to_key(FIELD, rsa_key, "A256GCM", SAYS), 300),
        ("field sealed to a partner, P-256", lambda: sealed_to_key(FIELD, ec_key, "A256GCM", SAYS), 300),
        ("field sealed to a partner, X25519", lambda: sealed_to_key(FIELD, x_key, "A256GCM", SAYS), 300),
        ("content key of ours, RSA 3072", lambda: signer.decrypt(handle, wrapped), 100),
        ("legacy open", lambda: open_legacy(old, {}, {"a": "a"}, legacy, ours, system_random), 100),
        ("FF1, 16 digits", lambda: ff1.encrypt(pan), 300),
        ("keyed hash of a card number", lambda: keyed_hash(pan, key), 2000),
        (f"scan of a log, {len(log) / 1000:.0f} KB", lambda: scan(log), 5),
    ):
        table.add_row(name, f"{timed(work, count):.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
