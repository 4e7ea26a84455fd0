import multiprocessing
from pathlib import Path

import pytest

from ringfence.app import nonce_key
from ringfence.app.nonce_key import FileNonces, ensure_nonce_key
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.proofs.nonces import KEY_BYTES, KeyedNonces
from ringfence.store.interface import Unavailable

NOW = Instant(1_800_000_000.0)


def look_again(nonces: FileNonces) -> None:
    nonces._looked -= nonce_key.LOOK_AGAIN_AFTER


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "dpop-nonce.key"
    key = ensure_nonce_key(path, system_random)
    assert len(key) == KEY_BYTES
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_nonce_key(path, system_random) == key
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.starmap(ensure_nonce_key, [(tmp_path / "k", system_random)] * 8)
    assert len(set(keys)) == 1


def test_a_key_of_another_form_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_bytes(b"short")
    with pytest.raises(Unavailable):
        ensure_nonce_key(path, system_random)
    with pytest.raises(Unavailable):
        ensure_nonce_key(tmp_path / "absent" / "k", system_random)


def test_a_worker_reads_the_key_when_it_appears_and_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "k"
    nonces = FileNonces(path)
    with pytest.raises(Unavailable):
        nonces.good(NOW)
    first = ensure_nonce_key(path, system_random)
    with pytest.raises(Unavailable):
        nonces.good(NOW)  # looked at a moment ago
    look_again(nonces)
    assert nonces.good(NOW) == KeyedNonces(first).good(NOW)
    path.unlink()
    second = ensure_nonce_key(path, system_random)
    look_again(nonces)
    assert nonces.good(NOW) == KeyedNonces(second).good(NOW)
    path.write_bytes(b"torn")
    look_again(nonces)
    assert nonces.good(NOW) == KeyedNonces(second).good(NOW)
