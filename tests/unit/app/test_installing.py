from pathlib import Path

from ringfence.app.installing import CERTIFICATES, create_keys
from ringfence.clock import Instant
from ringfence.policy.places import Places

NOW = Instant(1_790_000_000.0)


def test_keys_are_made_once_and_stay(tmp_path: Path) -> None:
    where = Places(root=tmp_path, state=tmp_path / "state", keys=tmp_path / "keys")
    for _ in range(2):
        create_keys(where, tmp_path / "certs", ["localhost"], "ES256", NOW)
        made = {name: (tmp_path / "certs" / name).read_bytes() for name in CERTIFICATES}
        made["signing"] = where.signing_key.read_bytes()
    create_keys(where, tmp_path / "certs", ["localhost"], "ES256", NOW)
    assert made["signing"] == where.signing_key.read_bytes()
    assert all(made[name] == (tmp_path / "certs" / name).read_bytes() for name in CERTIFICATES)
    (tmp_path / "certs" / "server.pem").unlink()
    create_keys(where, tmp_path / "certs", ["localhost"], "ES256", NOW)
    assert (tmp_path / "certs" / "server.pem").is_file()
