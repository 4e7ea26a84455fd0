"""Round trips with Mastercard's own library, and that a failure tells nothing."""

import time
from pathlib import Path
from statistics import median

import pytest
from client_encryption.field_level_encryption import decrypt_payload, encrypt_payload
from client_encryption.field_level_encryption_config import FieldLevelEncryptionConfig
from client_encryption.session_key_params import SessionKeyParams
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.ids import system_random
from ringfence.protect.partner_keys import NotOpened
from ringfence.protect.partner_legacy import HEADERS, Legacy, Names, Unbound, open_legacy, seal_legacy
from tests.partner_pairs import certificate, copied, pair, their_files

BODY = {"card": {"number": "5105105105105100", "name": "Zoë"}, "n": 1}
TO, FROM = {"card": "sealed"}, {"sealed": "card"}
NAMES = Names(certificate_fingerprint="certificateFingerprint", key_fingerprint="keyFingerprint")
DER = certificate("theirs").public_bytes(Encoding.DER)


def theirs(directory: Path, digest: str, encoding: str) -> FieldLevelEncryptionConfig:
    return FieldLevelEncryptionConfig(
        their_files(directory, "ours", "theirs")
        | {
            "paths": {"$": {"toEncrypt": TO, "toDecrypt": FROM}},
            "encryptedValueFieldName": "encryptedData",
            "encryptedKeyFieldName": "encryptedKey",
            "ivFieldName": "iv",
            "oaepPaddingDigestAlgorithm": digest,
            "oaepPaddingDigestAlgorithmFieldName": "oaepHashingAlgorithm",
            "encryptionCertificateFingerprintFieldName": "certificateFingerprint",
            "encryptionKeyFingerprintFieldName": "keyFingerprint",
            "dataEncoding": encoding,
        }
    )


def opened(body: dict, legacy: Legacy, headers: dict | None = None) -> dict:
    return open_legacy(body, headers or {}, FROM, legacy, pair("ours"), system_random)


@pytest.mark.parametrize("digest", ["SHA256", "SHA512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_both_ways_with_mastercards_library_in_the_body(tmp_path: Path, digest: str, encoding: str) -> None:
    config = theirs(tmp_path, digest, encoding)
    legacy = Legacy("signed", NAMES, digest, encoding, certificate=DER)
    assert opened(encrypt_payload(copied(BODY), config), legacy) == BODY
    sealed, headers = seal_legacy(BODY, TO, legacy, pair("theirs").public_key(), system_random)
    assert headers == {}
    assert set(sealed) == {"n", "sealed"}
    assert len(sealed["sealed"]["certificateFingerprint"]) == 64
    assert decrypt_payload(sealed, config) == BODY


def test_both_ways_with_the_key_in_headers(tmp_path: Path) -> None:
    config = theirs(tmp_path, "SHA256", "hex")
    legacy = Legacy("mtls", HEADERS, in_headers=True, certificate=DER)
    sealed, headers = seal_legacy(BODY, TO, legacy, pair("theirs").public_key(), system_random)
    assert list(sealed["sealed"]) == ["encryptedData"]
    params = SessionKeyParams(config, headers["x-encrypted-key"], headers["x-iv"], headers["x-oaep-hashing-algorithm"])
    assert decrypt_payload(sealed, config, params) == BODY
    made = SessionKeyParams.generate(config)
    from_them = encrypt_payload(copied(BODY), config, made)
    told = {"x-iv": made.iv_value, "x-encrypted-key": made.encrypted_key_value, "x-oaep-hashing-algorithm": "SHA-256"}
    assert opened(from_them, legacy, told) == BODY
    two, told = seal_legacy({"a": 1, "b": 1}, {"a": "x", "b": "y"}, legacy, pair("ours").public_key(), system_random)
    assert two["x"] == two["y"]  # one key and one IV: what the format cannot help


@pytest.mark.parametrize("bound", [None, "", "tls"])
def test_without_something_that_authenticates_the_body_it_is_refused(bound: str | None) -> None:
    with pytest.raises(Unbound):
        Legacy(bound)  # type: ignore[arg-type]


def test_every_failure_is_one_error() -> None:
    legacy = Legacy("mtls", NAMES)
    sealed, _ = seal_legacy(BODY, TO, legacy, pair("ours").public_key(), system_random)
    node = sealed["sealed"]
    bad = [
        {"iv": "00"},
        {"iv": None},
        {"iv": 1},
        {"encryptedData": node["encryptedData"][:-2]},
        {"encryptedData": ""},
        {"encryptedData": "zz" * 16},
        {"encryptedData": "é" * 32},
        {"encryptedKey": "00" * 256},
        {"encryptedKey": "00"},
        {"oaepHashingAlgorithm": "SHA1"},
        {"oaepHashingAlgorithm": 256},
        {"keyFingerprint": "00"},
    ]
    for change in bad:
        with pytest.raises(NotOpened, match=r"^the payload could not be opened$"):
            opened({**sealed, "sealed": {**node, **change}}, legacy)
    for body in ({}, {"sealed": 1}, {"sealed": {}}):
        with pytest.raises(NotOpened):
            opened(body, legacy)


def test_what_was_wrong_with_the_padding_or_the_content_cannot_be_told_apart() -> None:
    """A last block of every kind: the private word and the time class are one."""
    legacy = Legacy("mtls")
    sealed, _ = seal_legacy({"card": "x" * 4000}, TO, legacy, pair("ours").public_key(), system_random)
    data = bytearray.fromhex(sealed["sealed"]["encryptedData"])
    padding, content = bytearray(data), bytearray(data)
    padding[-17] ^= 1
    content[100] ^= 0x80
    wrong_key = {"encryptedKey": "01" * 256}
    cases = [
        {"encryptedData": padding.hex()},
        {"encryptedData": content.hex()},
        wrong_key,
    ]
    times: list[list[float]] = [[] for _ in cases]
    for _ in range(100):
        for case, taken in zip(cases, times, strict=True):
            body = {"sealed": {**sealed["sealed"], **case}}
            began = time.process_time()
            with pytest.raises(NotOpened) as refused:
                opened(body, legacy)
            taken.append(time.process_time() - began)
            assert refused.value.private == "neither padding nor content fit"
    middles = [median(taken) for taken in times]
    assert max(middles) < 1.6 * min(middles)
