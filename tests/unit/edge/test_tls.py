from pathlib import Path

import msgspec
import pytest

from ringfence.edge.tls import TLS_1_2_SUITES, quic_socket, tcp_socket


def secrets(name: str) -> Path:
    return Path(f"/e/sds-{name}.json")


def context(socket):
    return socket["typed_config"]


@pytest.mark.parametrize("listener", ["public", "mtls"])
def test_tls_1_3_by_default(policy, listener):
    found = context(tcp_socket(listener, policy.listeners.public.tls, secrets))
    parameters = found["common_tls_context"]["tls_params"]
    assert parameters == {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"}
    assert found["common_tls_context"]["alpn_protocols"] == ["h2", "http/1.1"]
    assert found["require_client_certificate"] is False


def test_tls_1_2_by_choice_with_forward_secrecy_and_authenticated_encryption(policy):
    older = msgspec.structs.replace(policy.listeners.public.tls, minimum="1.2")
    parameters = context(tcp_socket("public", older, secrets))["common_tls_context"]["tls_params"]
    assert parameters["tls_minimum_protocol_version"] == "TLSv1_2"
    assert parameters["cipher_suites"] == list(TLS_1_2_SUITES)
    assert all(suite.startswith("ECDHE-") and ("GCM" in suite or "CHACHA20" in suite) for suite in TLS_1_2_SUITES)


def test_only_the_mtls_listener_asks_for_certificates_and_resumes_nothing(policy):
    mtls = context(tcp_socket("mtls", policy.listeners.public.tls, secrets))
    assert mtls["common_tls_context"]["validation_context_sds_secret_config"]["name"] == "client-authorities"
    assert mtls["disable_stateless_session_resumption"] is True
    assert mtls["disable_stateful_session_resumption"] is True
    public = context(tcp_socket("public", policy.listeners.public.tls, secrets))
    assert "validation_context_sds_secret_config" not in public["common_tls_context"]


def test_quic_takes_no_early_data():
    found = context(quic_socket("public", secrets))
    assert found["enable_early_data"] is False
    assert found["downstream_tls_context"]["common_tls_context"]["alpn_protocols"] == ["h3"]
