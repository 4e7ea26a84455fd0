"""TLS versions, suites and client certificates, against the real Envoy."""

import hashlib
import shutil
import ssl
import subprocess
import time
import urllib.parse

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.edge.tls import TLS_1_2_SUITES

pytestmark = pytest.mark.flow

# TLS 1.2 suites that OpenSSL can offer and that must not be taken: CBC, static RSA, DHE, CCM.
WEAK = (
    "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256",
    "AES256-SHA", "DHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-CCM",
)  # fmt: skip


def tls_1_2(edge, suites: str) -> ssl.SSLContext:
    context = edge.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suites)
    return context


def thumbprint(edge, name: str) -> str:
    certificate = x509.load_pem_x509_certificate((edge.certificates / f"{name}.pem").read_bytes())
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def forwarded(answer) -> dict[str, str]:
    parts = (part.partition("=") for part in answer.seen["x-forwarded-client-cert"].split(";"))
    return {name: value.strip('"') for name, _, value in parts}


@pytest.fixture
def older(start_edge):
    return start_edge(minimum="1.2", self_signed=False)


@pytest.mark.parametrize("listener", ["public", "mtls"])
def test_only_tls_1_3_by_default(edge, listener):
    with edge.connect(getattr(edge, listener)) as connection:
        assert connection.version() == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        edge.connect(getattr(edge, listener), tls_1_2(edge, "ALL:@SECLEVEL=0"))


def test_tls_1_2_by_choice_with_the_permitted_suites_only(older):
    for suite in TLS_1_2_SUITES:
        if "ECDSA" in suite:  # the development certificate is ECDSA
            with older.connect(context=tls_1_2(older, suite)) as connection:
                assert connection.cipher()[0] == suite
    for suite in WEAK:
        with pytest.raises(ssl.SSLError):
            older.connect(context=tls_1_2(older, f"{suite}:@SECLEVEL=0"))
    with older.connect() as connection:
        assert connection.version() == "TLSv1.3"


def test_protocols_are_negotiated(edge):
    context = edge.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with edge.connect(context=context) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_an_authoritys_certificate_arrives_verified(edge):
    answer = edge.get("/x", port=edge.mtls, client="partner")
    assert forwarded(answer)["Hash"] == thumbprint(edge, "partner")
    assert forwarded(answer)["Subject"] == "CN=partner"
    pem = urllib.parse.unquote(forwarded(answer)["Cert"])
    assert x509.load_pem_x509_certificate(pem.encode())
    assert answer.seen["x-ringfence-verified-issuer"] == thumbprint(edge, "ca")


@pytest.mark.parametrize("name", ["alone", "stranger"])
def test_any_other_certificate_arrives_by_its_thumbprint_only(edge, name):
    answer = edge.get("/x", "x-ringfence-verified-issuer: aa", port=edge.mtls, client=name)
    assert forwarded(answer)["Hash"] == thumbprint(edge, name)
    assert "x-ringfence-verified-issuer" not in answer.seen


def test_a_server_certificate_of_the_authority_is_no_verified_client(edge):
    answer = edge.get("/x", port=edge.mtls, client="server")
    assert "x-ringfence-verified-issuer" not in answer.seen


def test_without_a_certificate_nothing_is_said(edge):
    answer = edge.get("/x", "x-forwarded-client-cert: Hash=aa", port=edge.mtls)
    assert "x-forwarded-client-cert" not in answer.seen
    assert "x-ringfence-verified-issuer" not in answer.seen


def test_the_public_listener_asks_for_no_certificate(edge):
    assert "x-forwarded-client-cert" not in edge.get("/x", client="partner").seen


@pytest.mark.parametrize("name", ["alone", "stranger"])
def test_where_self_signed_is_off_only_the_authoritys_come_in(older, name):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        older.get("/x", port=older.mtls, client=name)
    assert older.get("/x", port=older.mtls).status == 200
    assert older.get("/x", port=older.mtls, client="partner").seen["x-ringfence-verified-issuer"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_sessions_with_client_certificates_are_not_resumed(edge, tmp_path):
    session = tmp_path / "session"

    def handshake(port: int, *options) -> bytes:
        pair = ["-cert", edge.certificates / "partner.pem", "-key", edge.certificates / "partner.key"]
        request = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *pair, *options]
        return subprocess.run(command, input=request, capture_output=True, timeout=10, check=False).stdout

    handshake(edge.public, "-sess_out", session)
    assert b"Reused, TLSv1.3" in handshake(edge.public, "-sess_in", session)
    session.unlink()
    handshake(edge.mtls, "-sess_out", session)
    assert not session.exists() or b"Reused" not in handshake(edge.mtls, "-sess_in", session)


def test_a_renewed_certificate_is_served_without_a_restart(start_edge, certificates, tmp_path):
    create_development_certificates(tmp_path / "new", ["localhost"], system_clock())
    edge = start_edge(started=False)
    edge.certificates = tmp_path
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copy(certificates / name, tmp_path / name)
    edge.policy = with_tls(edge.policy, tmp_path)
    edge.start()
    with edge.connect() as connection:
        before = connection.getpeercert(binary_form=True)
    for name in ("ca.pem", "server.key", "server.pem"):
        (tmp_path / "new" / name).replace(tmp_path / name)
    assert eventually(lambda: edge.connect().getpeercert(binary_form=True) != before)


def with_tls(policy, directory):
    replace = msgspec.structs.replace
    tls = replace(
        policy.listeners.public.tls, certificate=str(directory / "server.pem"), key=str(directory / "server.key")
    )
    return replace(policy, listeners=replace(policy.listeners, public=replace(policy.listeners.public, tls=tls)))


def eventually(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except ssl.SSLError:
            pass  # the new authority does not know the old certificate
        time.sleep(0.05)
    return False
