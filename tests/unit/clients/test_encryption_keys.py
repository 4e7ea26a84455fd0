import json
from typing import Any

import msgspec
import pytest
from jwcrypto.jwk import JWK

from ringfence.clients.encryption_keys import NO_KEYS, KeysAt, for_signatures, sealed_to, written_encryption_keys
from ringfence.clients.new_client import NewClient, check_new_client
from ringfence.clock import Instant
from ringfence.policy.model import Policy
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import SEAL_ALGORITHMS
from ringfence.store.model import Client


def jwk(kid: str, use: str = "enc", kty: str = "RSA", **more: Any) -> dict[str, Any]:
    key = JWK.generate(kty="RSA", size=2048) if kty == "RSA" else JWK.generate(kty="EC", crv="P-256")
    return json.loads(key.export_public()) | {"kid": kid, "use": use} | more


ONE, TWO = jwk("one"), jwk("two", kty="EC")


def judged(asked: dict[str, Any], policy: Policy, *keys: dict[str, Any], **more: Any) -> Client:
    new = msgspec.convert({**asked, "jwks": {"keys": list(keys)}, **more}, NewClient)
    return check_new_client(new, policy, "c", Instant(0.0))


def refused(asked: dict[str, Any], policy: Policy, *keys: dict[str, Any], **more: Any) -> str:
    with pytest.raises(Refused) as why:
        judged(asked, policy, *keys, **more)
    (fault,) = why.value.faults
    return f"{fault.at} {fault.message}"


def test_they_are_registered_beside_those_for_signatures(asked: dict[str, Any], policy: Policy) -> None:
    signing = asked["jwks"]["keys"]
    client = judged(asked, policy, ONE | {"x5u": "https://a.example"}, *signing, TWO, assertion_algorithm="ES256")
    uses = [(key["kid"], key["use"], key["alg"]) for key in client.jwks["keys"]]
    assert uses == [
        (signing[0]["kid"], "sig", "ES256"),
        ("one", "enc", "RSA-OAEP-256"),
        ("two", "enc", "ECDH-ES+A256KW"),
    ]
    assert "x5u" not in json.dumps(client.jwks)
    assert [key.kid for key in sealed_to(client.jwks)] == ["one", "two"]
    assert [key["kid"] for key in for_signatures(client.jwks)["keys"]] == [signing[0]["kid"]]


def test_what_is_for_encryption_alone_signs_nothing(asked: dict[str, Any], policy: Policy) -> None:
    assert "for encryption only" in refused(asked, policy, ONE)
    only = {"authentication": "tls_client_auth", "tls_subject": "CN=a"}
    client = judged(asked, policy, ONE, **only)
    assert [key["kid"] for key in client.jwks["keys"]] == ["one"]
    assert not client.require_signed_request_object
    signed = {"profile": "fapi2-message-signing"}
    with pytest.raises(Refused):  # it has nothing to sign its requests with
        judged(asked, policy, ONE, **only, **signed)


@pytest.mark.parametrize(
    "keys",
    [
        [jwk("one", alg="RSA1_5")],
        [jwk("one", alg="RSA-OAEP")],
        [jwk("one"), jwk("one")],
        [jwk("one"), jwk("one", use="sig")],
        [{key: value for key, value in ONE.items() if key != "kid"}],
        [json.loads(JWK.generate(kty="RSA", size=2048).export()) | {"kid": "p", "use": "enc"}],
    ],
)
def test_what_cannot_be_sealed_to_is_not_registered(
    asked: dict[str, Any], policy: Policy, keys: list[dict[str, Any]]
) -> None:
    assert refused(asked, policy, *asked["jwks"]["keys"], *keys).startswith("/jwks")


def test_algorithms_are_the_policys(asked: dict[str, Any], policy: Policy) -> None:
    protection = msgspec.structs.replace(policy.protection, seal_algorithms=("ECDH-ES",))
    only = msgspec.structs.replace(policy, protection=protection)
    assert "RSA" in refused(asked, only, *asked["jwks"]["keys"], ONE)
    client = judged(asked, only, *asked["jwks"]["keys"], TWO)
    assert client.jwks["keys"][-1]["alg"] == "ECDH-ES"


def test_sets_that_are_none_are_left_to_others() -> None:
    assert for_signatures({}) == {}
    assert for_signatures({"keys": 7}) == {"keys": 7}
    assert for_signatures({"keys": []}) == {"keys": []}
    assert for_signatures({"keys": [ONE]}) == {}
    assert written_encryption_keys({"keys": 7}, SEAL_ALGORITHMS) == []
    assert sealed_to({}) == sealed_to({"keys": 7}) == ()
    assert not NO_KEYS
    assert KeysAt({}, sealed_to({"keys": [ONE]}))
