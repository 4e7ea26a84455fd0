from ringfence.oauth.signals.configuration import transmitter


async def test_the_transmitter_says_what_the_interoperability_profile_demands(bank):
    said = (await bank.http.get("/.well-known/ssf-configuration")).json()
    assert said["spec_version"] == "1_0"
    assert said["issuer"] == "https://bank.example"
    assert said["delivery_methods_supported"] == ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"]
    assert said["authorization_schemes"] == [{"spec_urn": "urn:ietf:rfc:6749"}]
    keys = (await bank.http.get(said["jwks_uri"])).json()["keys"]
    assert [(key["alg"], key["kty"]) for key in keys] == [("RS256", "RSA")]
    assert not {key["kid"] for key in keys} & {key["kid"] for key in bank.ports.signer.public_jwks()["keys"]}


def test_an_issuer_with_a_path(bank):
    said = transmitter(bank.with_policy(issuer="https://bank.example/x").server.profile)
    assert said["configuration_endpoint"] == "https://bank.example/x/oauth/ssf/streams"


async def test_where_it_lies_for_an_issuer_with_a_path(bank):
    other = bank.with_policy(issuer="https://bank.example/x").client("1.1.1.1")
    assert (await other.get("https://bank.example/.well-known/ssf-configuration/x")).status_code == 200
