import ssl
from pathlib import Path

import pytest

from ringfence.app.export.tls import client_tls
from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates, issue_client_certificate


def test_a_context_verifies_always(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["localhost"], system_clock())
    certificate, key = issue_client_certificate(tmp_path, "us", system_clock())
    for context in (client_tls(None, None, None), client_tls(tmp_path / "ca.pem", certificate, key)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_files_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(OSError, match=r"."):
        client_tls(tmp_path / "x.pem", None, None)
    with pytest.raises(FileNotFoundError):
        client_tls(tmp_path / "gone.pem", None, None)
