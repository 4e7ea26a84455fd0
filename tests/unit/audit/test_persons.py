import sqlite3
from pathlib import Path

import pytest

from ringfence.audit.persons import Persons, Shredded
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.store.interface import Unavailable

NOW = Instant(1.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "persons.db"


def opened(path: Path, key: bytes = bytes(32)) -> Persons:
    return Persons(path, Sealer(key, system_random), system_random)


def sealed(persons: Persons, person: str = "user_a", plain: bytes = b"secret", bound: str = "1 x"):
    persons.begin(NOW)
    try:
        return persons.seal(person, plain, bound)
    finally:
        persons.end()


def test_what_was_sealed_opens_also_after_a_restart(path):
    persons = opened(path)
    key, text = sealed(persons)
    assert persons.unseal(key, text, "1 x") == b"secret"
    persons.close()
    again = opened(path)
    assert again.unseal(key, text, "1 x") == b"secret"
    assert again.key_of("user_a") == key
    assert sealed(again)[0] == key
    assert sealed(again, "user_b")[0] != key


def test_sealed_for_one_event_it_does_not_open_for_another(path):
    persons = opened(path)
    key, text = sealed(persons)
    other, _ = sealed(persons, "user_b")
    for args in (
        (key, text, "2 x"),
        (other, text, "1 x"),
        (key, "!", "1 x"),
        (key, "", "1 x"),
        (key, text[:-8], "1 x"),
    ):
        with pytest.raises(Shredded):
            persons.unseal(*args)


def test_a_shredded_key_is_gone_also_for_a_process_that_had_it_open(path):
    appender, admin = opened(path), Persons(path, None, system_random)
    key, text = sealed(appender)
    assert admin.shred("user_a") == key
    assert admin.shred("user_a") is None
    fresh, _ = sealed(appender)  # the appender looks before it seals again
    assert fresh != key
    with pytest.raises(Shredded):
        appender.unseal(key, text, "1 x")


def test_after_shredding_the_file_holds_nothing_of_the_person(path):
    persons = opened(path)
    for number in range(50):
        sealed(persons, f"user_{number:04d}")
    wrapped = sqlite3.connect(path).execute("SELECT wrapped FROM persons WHERE person = 'user_0025'").fetchone()[0]
    everything = b"".join(p.read_bytes() for p in path.parent.iterdir())
    assert wrapped.encode() in everything
    persons.shred("user_0025")
    everything = b"".join(p.read_bytes() for p in path.parent.iterdir())
    assert wrapped.encode() not in everything
    assert b"user_0025" not in everything
    assert persons.key_of("user_0024") is not None


def test_a_batch_that_is_given_up_leaves_no_key(path):
    persons = opened(path)
    persons.begin(NOW)
    persons.seal("user_a", b"x", "1 x")
    persons.cancel()
    assert persons.key_of("user_a") is None
    assert sealed(persons)[0]


def test_without_the_key_of_keys_nothing_opens_and_nothing_is_made(path):
    key, text = sealed(opened(path))
    for other in (Persons(path, None, system_random), opened(path, b"k" * 32)):
        with pytest.raises(Unavailable):
            other.unseal(key, text, "1 x")
    with pytest.raises(Unavailable):
        sealed(Persons(path, None, system_random), "user_new")


def test_a_file_that_cannot_be_used_is_unavailable(tmp_path):
    with pytest.raises(Unavailable):
        opened(tmp_path / "absent" / "persons.db").key_of("user_a")
    (tmp_path / "garbage").write_bytes(b"garbage" * 1000)
    with pytest.raises(Unavailable):
        opened(tmp_path / "garbage").key_of("user_a")
