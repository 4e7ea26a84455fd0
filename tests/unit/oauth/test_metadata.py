from ringfence.oauth.metadata import metadata
from ringfence.oauth.profile import compile_profile

TLS = {"certificate": "c", "key": "k"}


def test_without_mtls_nothing_of_it_is_promised(bank):
    policy = bank.with_policy(listeners={"public": {"port": 1, "tls": TLS}}, mtls_url="").policy
    found = metadata(compile_profile(policy))
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert found["tls_client_certificate_bound_access_tokens"] is False
    assert "mtls_endpoint_aliases" not in found


def test_every_endpoint_that_authenticates_says_how(bank):
    found = metadata(bank.server.profile)
    for name in ("token", "introspection", "revocation"):
        assert found[f"{name}_endpoint_auth_methods_supported"] == [
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
        ]
        assert found[f"{name}_endpoint_auth_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert set(found["mtls_endpoint_aliases"]) == {
        "pushed_authorization_request_endpoint",
        "backchannel_authentication_endpoint",
        "token_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "grant_management_endpoint",
    }
    assert "none" not in str(found["id_token_signing_alg_values_supported"])
