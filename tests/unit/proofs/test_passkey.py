"""Passkeys that the tests sign themselves: what is taken, and everything that is not."""

import json
from dataclasses import replace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ringfence.problem import Reason, Refused
from ringfence.proofs.passkey import Party, read_answer, user_handle, verify_registration, verify_use
from tests.soft_passkey import BE, BS, UP, UV, SoftPasskey, b64

PARTY = Party("bank.example", "https://bank.example:8443")
CHALLENGE = b"c" * 56


def passkey(**changes) -> SoftPasskey:
    return replace(SoftPasskey(PARTY.rp_id, PARTY.origin), **changes)


def registered(key: SoftPasskey, challenge: bytes = CHALLENGE, **options):
    return verify_registration(read_answer(key.create(b64(CHALLENGE), **options)), PARTY, challenge)


def used(key: SoftPasskey, public_key: str = "", *, demand: bool = True, challenge: bytes = CHALLENGE, **options):
    answer = read_answer(key.get(b64(CHALLENGE), **options))
    return verify_use(answer, PARTY, challenge, public_key or b64(key.cose()), demand_verification=demand)


KEYS = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_passkey_is_made_and_used(algorithm):
    key = passkey(key=KEYS[algorithm](), count=7)
    made = registered(key, flags=UP | UV | BE | BS)
    assert (made.credential_id, made.sign_count, made.backed_up) == (key.name, 7, True)
    key.count = 8
    done = used(key, made.public_key)
    assert (done.sign_count, done.backed_up) == (8, False)


def test_self_attestation_is_taken_as_none():
    key = passkey()
    plain = key.create(b64(CHALLENGE))
    attested = cbor2.loads(read_answer(plain).attestation)
    data = read_answer(plain).client_data
    import hashlib  # noqa: PLC0415 - only here

    signature = key.sign(attested["authData"] + hashlib.sha256(data).digest())
    assert registered(key, form="packed", statement={"alg": -7, "sig": signature}).credential_id == key.name
    with pytest.raises(Refused):
        registered(key, form="packed", statement={"alg": -7, "sig": signature[:-1] + b"x"})


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://bank.example"},
        {"origin": "https://bank.example:8443/"},
        {"origin": "http://bank.example:8443"},
        {"origin": "https://evil.example"},
        {"origin": "https://bank.example.evil.example:8443"},
        {"type": "webauthn.get"},
        {"rp_id": "evil.example"},
        {"rp_id": "sub.bank.example"},
        {"flags": UP},
        {"flags": UV},
        {"flags": UP | UV | BS},
        {"crossOrigin": True},
        {"topOrigin": "https://evil.example"},
        {"crossOrigin": "no"},
        {"challenge": b64(b"d" * 56)},
        {"challenge": None},
        {"form": "packed", "statement": {"alg": -7, "sig": b"s", "x5c": [b"certificate"]}},
        {"form": "tpm", "statement": {"ver": "2.0"}},
        {"form": "fido-u2f", "statement": {"x5c": [b"c"], "sig": b"s"}},
        {"form": "android-safetynet", "statement": {"ver": "1", "response": b"a.b.c"}},
        {"form": "none", "statement": {"sig": b"s"}},
        {"form": "unheard-of"},
        {"cose": cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})},
        {"cose": cbor2.dumps({1: 2, 3: -47, -1: 8, -2: b"x" * 32, -3: b"y" * 32})},
        {"cose": cbor2.dumps({1: 3, 3: -65535, -1: b"n" * 256, -2: b"\1\0\1"})},
        {"cose": cbor2.dumps({})},
        {"cose": b"\xff"},
        {"cose": b"\x81" * 900},
    ],
)
def test_what_is_no_new_passkey_of_ours(options):
    key = passkey()
    with pytest.raises(Refused) as why:
        registered(key, **options)
    assert why.value.reason is Reason.PASSKEY_INVALID


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://bank.example"},
        {"origin": "https://evil.example"},
        {"kind": "webauthn.create"},
        {"kind": "payment.get"},
        {"rp_id": "evil.example"},
        {"flags": UP},
        {"flags": UV},
        {"flags": UP | UV | BS},
        {"crossOrigin": True},
        {"challenge": CHALLENGE[:-1] + b"d"},
    ],
)
def test_what_is_no_use_of_a_passkey_here(options):
    key = passkey()
    with pytest.raises(Refused) as why:
        used(key, **options)
    assert why.value.reason is Reason.PASSKEY_INVALID


def test_after_the_password_presence_will_do():
    key = passkey()
    assert used(key, demand=False, flags=UP).sign_count == 0
    with pytest.raises(Refused):
        used(key, demand=False, flags=0)


def test_another_key_is_not_taken_for_it():
    for other in (passkey(), passkey(key=ed25519.Ed25519PrivateKey.generate())):
        with pytest.raises(Refused):
            used(passkey(), b64(other.cose()))


def test_what_was_signed_cannot_be_changed():
    key = passkey()
    posted = json.loads(key.get(b64(CHALLENGE), flags=UP))
    data = bytearray(read_answer(json.dumps(posted)).authenticator_data)
    data[32] |= UV
    posted["response"]["authenticatorData"] = b64(bytes(data))
    with pytest.raises(Refused):
        verify_use(read_answer(json.dumps(posted)), PARTY, CHALLENGE, b64(key.cose()), demand_verification=True)


def test_the_browser_cannot_name_another_credential_than_the_authenticator():
    posted = json.loads(passkey().create(b64(CHALLENGE)))
    posted["id"] = b64(b"another")
    with pytest.raises(Refused):
        verify_registration(read_answer(json.dumps(posted)), PARTY, CHALLENGE)


GOOD = json.loads(passkey().get(b64(CHALLENGE)))


def bent(**changes) -> str:
    return json.dumps(GOOD | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "{" * 100,
        "x" * 20_000,
        bent(type="password"),
        bent(id=""),
        bent(id="a+b="),
        bent(id=b64(b"x" * 1024)),
        bent(id=7),
        bent(response={}),
        bent(response=GOOD["response"] | {"signature": "****"}),
        bent(response=GOOD["response"] | {"clientDataJSON": b64(b"\xff\xfe")}),
        bent(response=GOOD["response"] | {"clientDataJSON": b64(b"[1]")}),
        bent(
            response=GOOD["response"] | {"clientDataJSON": b64(b'{"type":"a","type":"b","challenge":"","origin":""}')}
        ),
        json.dumps(GOOD)[:-1] + ', "id": "YQ"}',
        '{"id": "\ud800"}',
    ],
)
def test_an_answer_that_is_none(text):
    with pytest.raises(Refused) as why:
        read_answer(text)
    assert why.value.reason is Reason.PASSKEY_INVALID


def test_every_cut_of_an_answer_is_refused_and_none_is_our_fault():
    key = passkey()
    whole = read_answer(key.create(b64(CHALLENGE)))
    for cut in range(len(whole.attestation)):
        posted = json.loads(key.create(b64(CHALLENGE)))
        posted["response"]["attestationObject"] = b64(whole.attestation[:cut])
        with pytest.raises(Refused) as why:
            verify_registration(read_answer(json.dumps(posted)), PARTY, CHALLENGE)
        assert why.value.reason is Reason.PASSKEY_INVALID


def test_the_handle_is_neither_name_nor_subject():
    assert len(user_handle("user_mia")) == 32
    assert user_handle("user_mia") != user_handle("user_tom")
    assert b"mia" not in user_handle("user_mia")
