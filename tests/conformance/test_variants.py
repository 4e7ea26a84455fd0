"""fapi2-…-happy-flow in every variant of the plans: client authentication, binding, signed requests and responses, openid."""

import base64
import datetime as dt
import json
import secrets
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

ISSUER, ALIAS = "https://bank.example", "https://mtls.bank.example"


class Certificate:
    """A client's certificate, and how the edge tells of it."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name.from_rfc4514_string("CN=Partner,O=P")
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + dt.timedelta(days=1))
        made = builder.sign(key, hashes.SHA256())
        digest = made.fingerprint(hashes.SHA256())
        pem = quote(made.public_bytes(Encoding.PEM).decode(), safe="")
        self.thumbprint = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        self.field = f'Hash={digest.hex()};Cert="{pem}";Subject="{subject.rfc4514_string()}"'
        der = base64.b64encode(made.public_bytes(Encoding.DER)).decode()
        self.jwk = {**JWK.from_pyca(key.public_key()).export_public(as_dict=True), "kid": "cert", "x5c": [der]}


class Variant:
    def __init__(self, bank, authentication: str, binding: str) -> None:
        self.bank, self.authentication, self.binding = bank, authentication, binding
        self.partner = type(bank.partner)(bank, "client_variant")
        self.certificate = Certificate()
        edge = {"x-ringfence-listener": "mtls", "x-forwarded-client-cert": self.certificate.field}
        self.mtls = bank.client("203.0.113.9", **edge)

    async def register(self, **changes) -> None:
        keys = [self.partner.key.export_public(as_dict=True)]
        more = {"jwks": {"keys": keys}, "authentication": self.authentication, "binding": self.binding} | changes
        if self.authentication == "tls_client_auth":
            more["tls_subject"] = "CN=Partner,O=P"
        if self.authentication == "self_signed_tls_client_auth":
            keys.append(self.certificate.jwk)
        await self.bank.register(self.partner, **more)

    async def post(self, path: str, form: dict, *, proven: bool) -> dict:
        """Call with what this variant needs, where it needs to be called."""
        by_certificate = self.authentication != "private_key_jwt"
        at_alias = by_certificate or (proven and self.binding == "mtls")
        form = form | {"client_id": self.partner.client_id} if by_certificate else self.partner.authenticated(form)
        headers = {}
        if proven and self.binding == "dpop":
            headers["dpop"] = self.partner.proof((ALIAS if at_alias else ISSUER) + path)
        answer = await (self.mtls if at_alias else self.bank.http).post(path, data=form, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def signed(self, asked: dict) -> dict:
        now = int(self.bank.clock.now)
        claims = asked | {"iss": self.partner.client_id, "aud": ISSUER, "nbf": now, "exp": now + 60}
        token = JWS(json.dumps(claims | {"jti": secrets.token_urlsafe(8)}).encode())
        header = {"alg": "ES256", "typ": "oauth-authz-req+jwt", "kid": self.partner.key.kid}
        token.add_signature(self.partner.key, None, json.dumps(header), None)
        return {"client_id": self.partner.client_id, "request": token.serialize(compact=True)}

    def answer(self, location: str) -> dict:
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return self.bank.claims(query["response"]) if set(query) == {"response"} else query

    async def userinfo(self, token: str):
        if self.binding == "dpop":
            return await self.partner.userinfo(token)
        return await self.mtls.get("/oauth/userinfo", headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize("responses", ["plain_response", "jarm"])
@pytest.mark.parametrize("requests", ["unsigned", "signed_non_repudiation"])
@pytest.mark.parametrize("binding", ["dpop", "mtls"])
@pytest.mark.parametrize("authentication", ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"])
async def test_happy_flow(bank, authentication, binding, requests, responses):
    variant = Variant(bank, authentication, binding)
    profile = "fapi2-message-signing" if (requests, responses) == ("signed_non_repudiation", "jarm") else "fapi2"
    await variant.register(
        profile=profile,
        require_signed_request_object=requests == "signed_non_repudiation",
        response_modes=("jwt",) if responses == "jarm" else ("query",),
    )
    partner = variant.partner
    asked = partner.request()
    form = variant.signed(asked) if requests == "signed_non_repudiation" else asked
    pushed = await variant.post("/oauth/par", form, proven=False)
    answer = variant.answer(await bank.browser().authorize(partner.client_id, pushed["request_uri"]))
    assert (answer["iss"], answer["state"]) == (ISSUER, "the-state")
    assert ("aud" in answer) == (responses == "jarm")
    body = await variant.post("/oauth/token", partner.redemption(answer["code"]), proven=True)
    bound = {"jkt": partner.dpop.thumbprint()} if binding == "dpop" else {"x5t#S256": variant.certificate.thumbprint}
    assert bank.claims(body["access_token"])["cnf"] == bound
    assert body["token_type"] == ("DPoP" if binding == "dpop" else "Bearer")
    assert bank.claims(body["id_token"])["nonce"] == "the-nonce"
    user = await variant.userinfo(body["access_token"])
    assert user.status_code == 200, user.text
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    again = await variant.post("/oauth/token", form, proven=True)
    assert bank.claims(again["access_token"])["cnf"] == bound


@pytest.mark.parametrize("binding", ["dpop", "mtls"])
@pytest.mark.parametrize("authentication", ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"])
async def test_happy_flow_of_plain_oauth_and_client_credentials(bank, authentication, binding):
    variant = Variant(bank, authentication, binding)
    await variant.register(scopes=("accounts",))
    partner = variant.partner
    pushed = await variant.post("/oauth/par", partner.request(scope="accounts", nonce=None), proven=False)
    answer = variant.answer(await bank.browser().authorize(partner.client_id, pushed["request_uri"]))
    body = await variant.post("/oauth/token", partner.redemption(answer["code"]), proven=True)
    assert "id_token" not in body
    # fapi_client_credentials_grant
    own = await variant.post("/oauth/token", {"grant_type": "client_credentials", "scope": "accounts"}, proven=True)
    assert "refresh_token" not in own
