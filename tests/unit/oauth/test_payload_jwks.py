import msgspec

from ringfence.oauth.http import create_app
from ringfence.policy.model import Api, ApiVersion, Demands, Upstream
from ringfence.policy.payload import takes_sealed
from ringfence.policy.payload_model import PayloadEncryption

KEY = {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "p1", "use": "enc", "alg": "RSA-OAEP-256"}


def sealing(policy, request="required"):
    asked = Demands(payload_encryption=PayloadEncryption(profile="jwe", request=request, answer="required"))
    version = ApiVersion(
        name="v1", openapi="o.yaml", upstream=Upstream(url="http://127.0.0.1:1"), operations={"pay": asked}
    )
    return msgspec.structs.replace(policy, apis=(Api(name="a", versions=(version,)),))


async def test_the_keys_of_now_are_published_to_be_kept_for_a_while(bank):
    sets = [{"keys": [KEY]}, {"keys": []}, {}]
    ports = msgspec.structs.replace(bank.ports, payload_jwks=lambda: sets[0])
    bank.app = create_app(sealing(bank.policy), ports)
    async with bank.client("203.0.113.9") as http:
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
        url = metadata["payload_jwks_uri"]
        assert url == f"{bank.policy.issuer}/oauth/payload/jwks"
        answer = await http.get("/oauth/payload/jwks")
        assert answer.json() == {"keys": [KEY]}
        assert answer.headers["cache-control"] == "public, max-age=300"
        for _ in range(2):  # withdrawn, and not there yet
            del sets[0]
            assert (await http.get("/oauth/payload/jwks")).json() == {"keys": []}
        assert (await http.post("/oauth/payload/jwks")).status_code == 405


async def test_where_nothing_is_sealed_nothing_is_announced(bank):
    assert (await bank.http.get("/oauth/payload/jwks")).json() == {"keys": []}
    assert "payload_jwks_uri" not in (await bank.http.get("/.well-known/oauth-authorization-server")).json()
    assert not takes_sealed(bank.policy)
    assert not takes_sealed(sealing(bank.policy, "off"))
    assert takes_sealed(sealing(bank.policy))
