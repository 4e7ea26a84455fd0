"""fapi2-security-profile-final-discovery-end-point-verification: what the server says about itself.  RFC 8414 §2; RFC 8705 §5."""

import httpx
import pytest

from tests.conformance.edge.installed import Running
from tests.conformance.edge.variants import Variant

pytestmark = pytest.mark.flow

ALGORITHMS = {"ES256", "PS256", "EdDSA"}


def test_discovery_end_point_verification(running: Running, variant: Variant) -> None:
    form = "openid-configuration" if variant.openid else "oauth-authorization-server"
    answer = running.http.get(f"{running.issuer}/.well-known/{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    found = answer.json()
    assert found["issuer"] == running.issuer
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["require_pushed_authorization_requests"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert "jwt" in found["response_modes_supported"]
    assert {"authorization_code", "client_credentials"} <= set(found["grant_types_supported"])
    methods = {"private_key_jwt", variant.auth}
    assert methods <= set(found["token_endpoint_auth_methods_supported"])
    assert not {"none", "client_secret_basic", "client_secret_post"} & set(
        found["token_endpoint_auth_methods_supported"]
    )
    for name in ("token_endpoint_auth_signing_alg", "dpop_signing_alg", "request_object_signing_alg"):
        assert set(found[f"{name}_values_supported"]) <= ALGORITHMS
    assert found["tls_client_certificate_bound_access_tokens"] is True
    aliases = found["mtls_endpoint_aliases"]
    assert {"token_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint"} <= set(aliases)
    assert "authorization_endpoint" not in aliases
    assert all(name.endswith("_endpoint") for name in aliases)
    endpoints = [value for name, value in found.items() if name.endswith("_endpoint")]
    for url in [*endpoints, found["jwks_uri"], *aliases.values()]:
        assert httpx.URL(url).scheme == "https"
    if variant.rar:
        assert "transfer" in found["authorization_details_types_supported"]
    if variant.openid:
        assert found["subject_types_supported"] == ["public", "pairwise"]
        assert set(found["id_token_signing_alg_values_supported"]) <= ALGORITHMS
    check_keys(running)


def check_keys(running: Running) -> None:
    """Public, each with its own kid and purpose, and nothing that leads elsewhere (FAPI 2.0 SP §5.4.2)."""
    keys = running.http.get(running.metadata["jwks_uri"]).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "x5u", "jku"} & set(key)
        assert key["use"] == "sig"
        assert key["alg"] in ALGORITHMS
