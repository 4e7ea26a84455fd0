from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.gateway.asgi_peers import connection_peer, tls_peer
from ringfence.message import Peer
from ringfence.problem import Reason, Refused


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("certs")
    create_development_certificates(directory, ["localhost"], Instant(1_790_000_000.0))
    return (directory / "server.pem").read_text().partition("-----END CERTIFICATE-----")[
        0
    ] + "-----END CERTIFICATE-----\n"


def scope(**tls: Any) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-client-cert", b"Hash=" + b"0" * 64)]
    return {"client": ("192.0.2.7", 1), "headers": headers, "extensions": {"tls": tls} if tls else {}}


def test_nothing_in_a_header_is_believed() -> None:
    assert connection_peer(scope()) == tls_peer(scope()) == Peer("192.0.2.7")
    assert connection_peer({"headers": []}) == Peer("")
    assert tls_peer({"client": None, "extensions": None}) == Peer("")


def test_a_certificate_counts_only_where_it_is_asked_for(pem: str) -> None:
    told = scope(client_cert_chain=[pem, "the rest"], client_cert_error=None)
    assert connection_peer(told) == Peer("192.0.2.7")
    peer = tls_peer(told)
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert len(peer.certificate_sha256) == 43
    assert peer.certificate_pem == pem
    assert peer.certificate_subject == certificate.subject.rfc4514_string()
    assert certificate.fingerprint(hashes.SHA256()).hex() not in peer.certificate_sha256


def test_a_certificate_that_was_not_verified_is_refused(pem: str) -> None:
    for told in (
        scope(client_cert_chain=[pem], client_cert_error="self-signed"),
        scope(client_cert_chain=["no PEM"]),
        scope(client_cert_chain=["§"]),
    ):
        with pytest.raises(Refused) as refused:
            tls_peer(told)
        assert refused.value.reason is Reason.CERTIFICATE_MISMATCH
