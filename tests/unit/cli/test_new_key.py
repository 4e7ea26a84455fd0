"""A trial client's key: its owner's alone, never over another file, gone if the client was refused."""

import os
import stat
from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ringfence.cli.new_key import new_key
from ringfence.proofs.jwk import from_public_key, parse_jwks, public_jwk


def test_the_file_holds_the_private_part_of_what_is_given(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        with new_key(tmp_path / "k.pem") as jwk:
            assert parse_jwks({"keys": [jwk]})
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    private = load_pem_private_key((tmp_path / "k.pem").read_bytes(), None)
    assert public_jwk(from_public_key(private.public_key())) == jwk  # type: ignore[arg-type]


def test_a_failure_takes_the_file_away(tmp_path: Path) -> None:
    with pytest.raises(LookupError), new_key(tmp_path / "k.pem"):
        raise LookupError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_text("precious")
    with pytest.raises(typer.Exit), new_key(tmp_path / "k.pem"):
        pytest.fail("entered")
    assert (tmp_path / "k.pem").read_text() == "precious"
