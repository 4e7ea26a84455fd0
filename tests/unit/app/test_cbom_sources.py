from ringfence.app.cbom_sources import KeyFile, certificate_files, key_files, partner_keys
from ringfence.policy.load import load


def test_every_file_with_certificates_that_the_policy_names(installation):
    installation.write_text(
        installation.read_text()
        + "export: {syslog: {siem: {format: cef, host: siem.example, authority: certs/ca.pem}}}\n"
    )
    loaded = load(installation)
    found = {path.name for path in certificate_files(loaded)}
    assert {"server.pem", "ca.pem"} <= found
    assert all(b"BEGIN CERTIFICATE" in path.read_bytes() for path in certificate_files(loaded))


def test_keys_in_files_are_named_and_not_read(installation):
    loaded = load(installation)
    loaded.places.keys.mkdir(exist_ok=True)
    (loaded.places.keys / "payees.key").touch(mode=0o000)
    (loaded.places.keys / "signer.db").touch()
    loaded.places.receipt_keys.mkdir(parents=True)
    (loaded.places.receipt_keys / "2026-11-25.key").touch(mode=0o000)
    found = key_files(loaded)
    names = {one.path.name: one.private for one in found}
    assert names.items() >= {"payees.key": False, "2026-11-25.key": False}.items()
    assert "signer.db" not in names
    assert KeyFile(loaded.places.file(loaded.policy.listeners.public.tls.key), private=True) in found


def test_partners_keys():
    clients = [
        {"client_id": "client_1", "jwks": {"keys": [{"kid": "a"}, {"kid": "b"}]}},
        {"client_id": "client_2", "jwks": {}},
        {"client_id": "client_3", "jwks_uri": "https://partner.example/jwks"},
    ]
    assert [(one.client_id, one.jwk["kid"]) for one in partner_keys(clients)] == [("client_1", "a"), ("client_1", "b")]
