"""How the edge speaks TLS: versions, suites and client certificates.  RFC 9325 (BCP 195); RFC 8705.

Certificates and keys are named, not copied: Envoy reads them through file SDS and reads them again when
one is renamed into its place, so a renewal needs no restart.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ringfence.edge.routes import ListenerName
from ringfence.policy.model import ClientCertificates, Tls

TLS_1_2_SUITES: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
"""Forward secret and authenticated: FAPI 2.0 SP §5.2.2 with RFC 9325 §4.2. TLS 1.3's suites are fixed."""

TRUSTED_AUTHORITIES: Final = "client-authorities"
_TRANSPORT = "type.googleapis.com/envoy.extensions.transport_sockets"
_SECRET: Final = f"{_TRANSPORT}.tls.v3.Secret"
SecretFiles = Callable[[str], Path]
TCP_PROTOCOLS: Final = ("h2", "http/1.1")


def certificate_name(listener: ListenerName) -> str:
    """Return the name of the secret that holds a listener's certificate and key."""
    return f"{listener}-certificate"


def server_secret(listener: ListenerName, certificate: str, key: str) -> dict[str, Any]:
    """Return the SDS resource that names a listener's certificate and key."""
    return {
        "@type": _SECRET,
        "name": certificate_name(listener),
        "tls_certificate": {
            "certificate_chain": {"filename": certificate},
            "private_key": {"filename": key},
        },
    }


def client_secret(accepted: ClientCertificates, bundle: Path) -> dict[str, Any]:
    """Return the SDS resource that says how client certificates are judged.

    Args:
        accepted: what the policy accepts.
        bundle: PEM file with all its authorities.
    """
    judged: dict[str, Any] = {}
    if accepted.authorities:
        judged["trusted_ca"] = {"filename": str(bundle)}
    if accepted.self_signed:
        judged["trust_chain_verification"] = "ACCEPT_UNTRUSTED"
    return {"@type": _SECRET, "name": TRUSTED_AUTHORITIES, "validation_context": judged}


def tcp_socket(listener: ListenerName, tls: Tls, secrets: SecretFiles) -> dict[str, Any]:
    """Return the transport socket of a TCP listener; `secrets` gives the SDS file of a secret."""
    context = _context(listener, tls.minimum, secrets)
    context["common_tls_context"]["alpn_protocols"] = list(TCP_PROTOCOLS)
    if listener == "mtls":
        context["common_tls_context"]["validation_context_sds_secret_config"] = _reference(TRUSTED_AUTHORITIES, secrets)
        # Envoy does not judge the certificate of a resumed session again: it would count as not verified,
        # and one of an authority that is trusted no longer would go on.
        context["disable_stateless_session_resumption"] = True
        context["disable_stateful_session_resumption"] = True
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": f"{_TRANSPORT}.tls.v3.DownstreamTlsContext", **context},
    }


def quic_socket(listener: ListenerName, secrets: SecretFiles) -> dict[str, Any]:
    """Return the transport socket of a UDP listener. QUIC is TLS 1.3 (RFC 9001 §4.2)."""
    context = _context(listener, "1.3", secrets)
    context["common_tls_context"]["alpn_protocols"] = ["h3"]
    return {
        "name": "envoy.transport_sockets.quic",
        "typed_config": {
            "@type": f"{_TRANSPORT}.quic.v3.QuicDownstreamTransport",
            "downstream_tls_context": context,
            # Early data can be replayed by anyone who saw it (RFC 9001 §9.2).
            "enable_early_data": False,
        },
    }


def _context(listener: ListenerName, minimum: str, secrets: SecretFiles) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "tls_minimum_protocol_version": "TLSv1_2" if minimum == "1.2" else "TLSv1_3",
        "tls_maximum_protocol_version": "TLSv1_3",
    }
    if minimum == "1.2":
        parameters["cipher_suites"] = list(TLS_1_2_SUITES)
    return {
        "common_tls_context": {
            "tls_params": parameters,
            "tls_certificate_sds_secret_configs": [_reference(certificate_name(listener), secrets)],
        },
        "require_client_certificate": False,
    }


def _reference(name: str, secrets: SecretFiles) -> dict[str, Any]:
    return {
        "name": name,
        "sds_config": {"path_config_source": {"path": str(secrets(name))}, "resource_api_version": "V3"},
    }
