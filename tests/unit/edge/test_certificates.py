import datetime as dt
import ipaddress
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from ringfence.edge.certificates import create_development_certificates, issue_client_certificate
from ringfence.problem import Reason, Refused


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def test_the_authority_signs_leaves_and_no_further_authority(certificates):
    authority = load(certificates / "ca.pem")
    constraints = extension(authority, x509.BasicConstraints)
    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert extension(authority, x509.KeyUsage).key_cert_sign
    assert not extension(authority, x509.KeyUsage).digital_signature
    authority.verify_directly_issued_by(authority)


def test_the_server_certificate_is_for_every_host(certificates, now):
    server = load(certificates / "server.pem")
    server.verify_directly_issued_by(load(certificates / "ca.pem"))
    names = extension(server, x509.SubjectAlternativeName)
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "api.bank.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert list(extension(server, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not extension(server, x509.BasicConstraints).ca
    assert isinstance(server.public_key(), ec.EllipticCurvePublicKey)
    begins = server.not_valid_before_utc
    assert begins <= dt.datetime.fromtimestamp(now, tz=dt.UTC) < begins + dt.timedelta(hours=1)
    assert server.not_valid_after_utc - begins == dt.timedelta(days=397)


def test_keys_are_for_their_owner_only_also_when_they_replace_others(tmp_path, now):
    (tmp_path / "server.key").write_text("old")
    (tmp_path / "server.key").chmod(0o644)
    create_development_certificates(tmp_path, ["localhost"], now)
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.key", "ca.pem", "server.key", "server.pem"]


def test_clients_are_signed_by_the_authority_or_by_themselves(certificates, now):
    path, key = issue_client_certificate(certificates, "partner", now)
    load(path).verify_directly_issued_by(load(certificates / "ca.pem"))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    path, _ = issue_client_certificate(certificates, "alone", now, self_signed=True)
    alone = load(path)
    alone.verify_directly_issued_by(alone)
    assert not extension(alone, x509.BasicConstraints).ca
    assert list(extension(alone, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_certificate_for_nobody_is_refused(tmp_path, now):
    with pytest.raises(Refused) as caught:
        create_development_certificates(tmp_path, [], now)
    assert caught.value.reason is Reason.CONFLICT
