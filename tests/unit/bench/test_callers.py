import hashlib

import jwcrypto.jwk
import jwcrypto.jws
import jwcrypto.jwt
import msgspec
import pytest

from bench.callers import Issuing, callers, encoded, proven
from ringfence.keys.providers.local import LocalSigner, create_signing_key


class Policy:
    issuer = "https://localhost:1"


@pytest.fixture
def issuing(tmp_path):
    create_signing_key(tmp_path / "key.pem", "ES256")
    return Issuing(Policy(), tmp_path / "key.pem"), LocalSigner.load(tmp_path / "key.pem").public_jwks()


async def test_token_is_signed_by_the_installation_and_bound_to_the_callers_key(issuing):
    maker, jwks = issuing
    (caller,) = await callers(maker, ["c1"])
    key = jwcrypto.jwk.JWK(**jwks["keys"][0])
    claims = msgspec.json.decode(jwcrypto.jwt.JWT(jwt=caller.token, key=key).claims)
    public = jwcrypto.jwk.JWK.from_pyca(caller.key.public_key())
    assert claims["cnf"] == {"jkt": public.thumbprint()}
    assert claims["client_id"] == "c1"


async def test_each_request_has_a_proof_of_its_own_that_verifies(issuing):
    maker, _ = issuing
    who = await callers(maker, ["c1", "c2"])
    requests = list(proven(who, "POST", "localhost:1", "/pay", 4, b"{}"))
    seen = set()
    for number, request in enumerate(requests):
        head, body = request.split(b"\r\n\r\n")
        assert body == b"{}"
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        assert fields["authorization"] == f"DPoP {who[number % 2].token}"
        jws = jwcrypto.jws.JWS()
        jws.deserialize(fields["dpop"])
        jws.verify(jwcrypto.jwk.JWK(**jws.jose_header["jwk"]))
        claims = msgspec.json.decode(jws.payload)
        assert (claims["htm"], claims["htu"]) == ("POST", "https://localhost:1/pay")
        assert claims["ath"] == encoded(hashlib.sha256(who[number % 2].token.encode()).digest())
        seen.add(claims["jti"])
    assert len(seen) == 4
