import stat
from pathlib import Path

import pytest

from ringfence.app.records import address_of, read_password, tls_of
from ringfence.policy.model import RecordsDatabase
from ringfence.policy.places import Places
from ringfence.store.interface import Unavailable


def where(root: Path) -> Places:
    return Places(root=root, state=root / "state", keys=root / "keys")


def database(url: str = "postgresql://ringfence@db.internal:5433/bank", **more: str) -> RecordsDatabase:
    return RecordsDatabase(url=url, **more)


def test_the_password_comes_from_a_file_or_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("p@ss/w:rd \n")
    found = read_password(database(password_file="secret"), where(tmp_path), {})
    assert found is not None
    assert found.reveal() == "p@ss/w:rd "
    named = database(password_variable="DB")
    found = read_password(named, where(tmp_path), {"DB": "x"})
    assert found is not None
    assert found.matches("x")
    assert read_password(database(), where(tmp_path), {"DB": "x"}) is None
    for environment in ({}, {"DB": ""}):
        with pytest.raises(Unavailable, match="DB is not set"):
            read_password(named, where(tmp_path), environment)
    with pytest.raises(Unavailable, match="cannot be read"):
        read_password(database(password_file="none"), where(tmp_path), {})


def test_the_address_has_driver_and_password_and_does_not_show_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("p@ss/w:rd")
    password = read_password(database(password_file="secret"), where(tmp_path), {})
    url = address_of(database(), password)
    assert (url.drivername, url.host, url.port, url.password) == (
        "postgresql+asyncpg",
        "db.internal",
        5433,
        "p@ss/w:rd",
    )
    assert "p@ss" not in str(url) + repr(url)
    assert address_of(database("postgresql+asyncpg://a@b/c"), None).password is None


def test_a_server_is_verified_unless_the_policy_says_otherwise(tmp_path: Path) -> None:
    tls = tls_of(database(), where(tmp_path))
    assert tls is not None
    assert tls.check_hostname
    assert tls.verify_mode.name == "CERT_REQUIRED"
    assert tls_of(database(tls="off"), where(tmp_path)) is None
    assert tls_of(database("postgresql://a@/b?host=/run/postgresql"), where(tmp_path)) is None
    (tmp_path / "ca.pem").write_text("nothing")
    (tmp_path / "ca.pem").chmod(stat.S_IRUSR)
    for file in ("ca.pem", "none.pem"):
        with pytest.raises(Unavailable, match=file):
            tls_of(database(authority=file), where(tmp_path))
