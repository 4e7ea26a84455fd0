"""A client's keys for encryption, registered by itself: told back, and good for nothing but that.  RFC 7517 §4.2; RFC 7591 §2."""

from jwcrypto.jwk import JWK
from oauth_harness import Bank

from tests.conformance.registration_partner import (
    error,
    invite,
    manage,
    metadata,
    newcomer,
    register,
    registering,
    replacement,
)

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def test_a_key_for_encryption_is_registered_beside_the_others_and_authenticates_nobody(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    partner = newcomer(bank)
    (signing,) = partner.jwks["keys"]
    sealing = JWK.generate(kty="RSA", size=2048, kid="e1").export_public(as_dict=True) | {"use": "enc"}
    answer = await register(bank, metadata(partner, jwks={"keys": [sealing, signing]}), await invite(bank))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert [(key["kid"], key["use"], key["alg"]) for key in body["jwks"]["keys"]] == [
        (signing["kid"], "sig", "ES256"),
        ("e1", "enc", "RSA-OAEP-256"),
    ]
    partner.client_id = body["client_id"]
    assert await partner.tokens()
    # the same key pair, declared for encryption from now on, under the kid that it had
    other = JWK.generate(kty="EC", crv="P-256", kid="other").export_public(as_dict=True)
    twisted = {"keys": [other, signing | {"use": "enc", "alg": "ECDH-ES"}]}
    answer = await manage(bank, "PUT", body, replacement(body, jwks=twisted))
    assert answer.status_code == 200, answer.text
    assert [key["use"] for key in answer.json()["jwks"]["keys"]] == ["sig", "enc"]
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    form |= {"client_assertion_type": ASSERTION, "client_assertion": partner.assertion()}
    error(await bank.http.post("/oauth/token", data=form), 401, "invalid_client")


async def test_what_cannot_be_sealed_to_is_named(bank: Bank) -> None:
    bank = registering(bank, "invitation", issuers=False)
    partner = newcomer(bank)
    key = JWK.generate(kty="RSA", size=2048, kid="e1")
    sealing = key.export_public(as_dict=True) | {"use": "enc"}
    invitation = await invite(bank, uses=9)
    for keys, words in (
        ([sealing], "for encryption only"),
        ([*partner.jwks["keys"], sealing | {"alg": "RSA1_5"}], "RSA-OAEP-256"),
        ([*partner.jwks["keys"], key.export(as_dict=True) | {"use": "enc"}], "private"),
    ):
        error(
            await register(bank, metadata(partner, jwks={"keys": keys}), invitation),
            400,
            "invalid_client_metadata",
            words,
        )
