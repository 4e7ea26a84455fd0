import pytest

from ringfence.app.receipt_keys import FileReceipts, provide, read_key
from ringfence.audit.receipt import key_name
from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.store.interface import Unavailable

NOW = Instant(1_764_000_000.0)
TOMORROW = Instant(NOW + 86_400)


class Log:
    def __init__(self, directory):
        self.directory = directory
        self.made = []
        self.broken = False

    async def committed(self, made):
        assert read_key(self.directory, made.key) is None  # the gateway must not have it yet
        if self.broken:
            raise Unavailable("not now")
        self.made.append(made)


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "receipt-keys")


async def test_today_and_tomorrow_have_keys_that_the_log_knows(log):
    assert await provide(log.directory, log.committed, system_random, lambda: NOW) == [
        key_name(NOW),
        key_name(TOMORROW),
    ]
    assert [made.sha256 for made in log.made] == [read_key(log.directory, made.key).commitment for made in log.made]
    assert await provide(log.directory, log.committed, system_random, lambda: NOW) == []
    assert {p.stat().st_mode & 0o777 for p in log.directory.iterdir()} == {0o600}


async def test_a_key_that_could_not_be_committed_to_is_not_used_and_tried_again(log):
    log.broken = True
    with pytest.raises(Unavailable):
        await provide(log.directory, log.committed, system_random, lambda: NOW)
    with pytest.raises(Unavailable):
        FileReceipts(log.directory).key(NOW)
    log.broken = False
    await provide(log.directory, log.committed, system_random, lambda: NOW)
    assert FileReceipts(log.directory).key(NOW).commitment == log.made[0].sha256


async def test_a_worker_uses_the_key_of_the_day_and_yesterdays_until_it_is_there(log):
    await provide(log.directory, log.committed, system_random, lambda: NOW)
    receipts = FileReceipts(log.directory)
    assert receipts.key(NOW).name == key_name(NOW)
    assert FileReceipts(log.directory).key(TOMORROW).name == key_name(TOMORROW)
    later = Instant(NOW + 2 * 86_400)
    assert FileReceipts(log.directory).key(later).name == key_name(TOMORROW)
    with pytest.raises(Unavailable):
        FileReceipts(log.directory).key(Instant(NOW + 4 * 86_400))


@pytest.mark.parametrize("name", ["../x", "absent", ""])
def test_what_is_no_key_is_none(log, name):
    log.directory.mkdir()
    (log.directory.parent / "x.key").write_bytes(bytes(32))
    (log.directory / "short.key").write_bytes(bytes(31))
    assert read_key(log.directory, name) is None
    assert read_key(log.directory, "short") is None
