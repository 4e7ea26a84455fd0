import base64
import datetime as dt
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

FORM = {"grant_type": "client_credentials", "scope": "accounts"}


def certificate(name: str):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name.from_rfc4514_string(name)
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + dt.timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def described(cert) -> str:
    """The field as the edge writes it."""
    pem = quote(cert.public_bytes(Encoding.PEM).decode(), safe="")
    return f'Hash={cert.fingerprint(hashes.SHA256()).hex()};Cert="{pem}";Subject="{cert.subject.rfc4514_string()}"'


def mtls(bank, cert, listener="mtls"):
    edge = {"x-ringfence-listener": listener, "x-forwarded-client-cert": described(cert)}
    return bank.client("203.0.113.9", **edge)


async def registered(bank, **changes):
    partner = type(bank.partner)(bank, "client_tls")
    await bank.register(
        partner, **({"authentication": "tls_client_auth", "binding": "mtls", "tls_subject": "CN=Partner,O=P"} | changes)
    )
    return partner


async def test_tls_client_auth_and_a_certificate_bound_token(bank):
    await registered(bank)
    cert = certificate("CN=Partner,O=P")
    answer = await mtls(bank, cert).post("/oauth/token", data=FORM | {"client_id": "client_tls"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    assert len(bank.claims(answer.json()["access_token"])["cnf"]["x5t#S256"]) == 43


async def test_other_certificates_and_none(bank):
    await registered(bank)
    for cert, listener in ((certificate("CN=Partner,O=Q"), "mtls"), (certificate("CN=Partner,O=P"), "public")):
        answer = await mtls(bank, cert, listener).post("/oauth/token", data=FORM | {"client_id": "client_tls"})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_subjects_mean_nothing_where_any_certificate_may_connect(bank):
    await registered(bank)
    listeners = {
        "public": {"port": 1, "tls": {"certificate": "c", "key": "k"}},
        "mtls": {
            "port": 2,
            "tls": {"certificate": "c", "key": "k"},
            "client_certificates": {"authorities": ["ca.pem"], "self_signed": True},
        },
    }
    open_bank = bank.with_policy(listeners=listeners)
    answer = await mtls(open_bank, certificate("CN=Partner,O=P")).post(
        "/oauth/token", data=FORM | {"client_id": "client_tls"}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_self_signed_certificate_is_known_by_its_registration(bank):
    cert, other = certificate("CN=Same"), certificate("CN=Same")
    x5c = [base64.b64encode(cert.public_bytes(Encoding.DER)).decode()]
    jwks = {"keys": [bank.partner.jwks["keys"][0] | {"x5c": x5c}]}
    await registered(bank, authentication="self_signed_tls_client_auth", jwks=jwks)
    good = await mtls(bank, cert).post("/oauth/token", data=FORM | {"client_id": "client_tls"})
    assert good.status_code == 200, good.text
    bad = await mtls(bank, other).post("/oauth/token", data=FORM | {"client_id": "client_tls"})
    assert bad.status_code == 401


async def test_a_certificate_does_not_stand_in_for_a_registered_key(bank):
    form = FORM | {"client_id": bank.partner.client_id}
    answer = await mtls(bank, certificate("CN=Partner,O=P")).post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_key_does_not_stand_in_for_a_registered_certificate(bank):
    partner = await registered(bank)
    assert (await partner.token(FORM)).json()["error"] == "invalid_client"


async def test_private_key_jwt_with_a_certificate_bound_token(bank):
    """The suite's private_key_jwt + mtls: PAR on the public listener, token at the alias with a certificate."""
    partner = await registered(bank, authentication="private_key_jwt")
    code = await partner.code()
    without = await partner.token(partner.redemption(code), proof=None)
    assert (without.status_code, without.json()["error"]) == (400, "invalid_request")
    cert = certificate("CN=Any")
    answer = await mtls(bank, cert).post("/oauth/token", data=partner.authenticated(partner.redemption(code)))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert (await mtls(bank, cert).get("/oauth/userinfo", headers=bearer)).status_code == 200
    assert (await mtls(bank, certificate("CN=Any")).get("/oauth/userinfo", headers=bearer)).status_code == 401
    assert (await bank.http.get("/oauth/userinfo", headers=bearer)).status_code == 401


async def test_a_proof_at_the_alias_names_the_alias(bank):
    partner = await registered(bank, binding="dpop")
    client = mtls(bank, certificate("CN=Partner,O=P"))
    for url, status in (("https://mtls.bank.example/oauth/token", 200), ("https://bank.example/oauth/token", 400)):
        answer = await client.post(
            "/oauth/token", data=FORM | {"client_id": "client_tls"}, headers={"dpop": partner.proof(url)}
        )
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("key", ["other", "alg"])
async def test_keys_and_algorithms_are_the_registered_ones(bank, key):
    assertion = (
        bank.partner.assertion(bank.other.key) if key == "other" else bank.partner.assertion(header={"typ": "at+jwt"})
    )
    answer = await bank.partner.token(FORM | {"client_assertion": assertion})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
