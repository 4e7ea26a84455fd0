from pathlib import Path

import pytest

from ringfence.app.baseline import NothingLearned, save_baseline
from ringfence.clock import Instant
from ringfence.detect.anomaly.baseline_file import header_of
from ringfence.detect.detection import Detection
from ringfence.events.calls import CallDecided
from ringfence.policy.load import LoadedPolicy
from ringfence.store.embedded.sqlite_watch import SqliteWatch

NOW = 1_800_000_000.0


async def test_what_was_learned_is_written_for_its_owner_only(loaded: LoadedPolicy, tmp_path: Path) -> None:
    policy_file, out = loaded.places.file("ringfence.yaml"), tmp_path / "usual"
    loaded.places.watch.parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(NothingLearned):
        await save_baseline(policy_file, out)
    assert not out.exists()
    detection = Detection((), 100)
    detection.feed(
        1, CallDecided(Instant(NOW), "c", "t", allowed=True, status=200, user="u", client="c", network="192.0.2.1")
    )
    records = SqliteWatch(loaded.places.watch)
    await records.snapshot(1, detection.snapshot())
    await records.close()
    header = await save_baseline(policy_file, out)
    assert (header.entities, header.trained_until) == (4, NOW)
    assert header_of(out.read_bytes()) == header
    assert out.stat().st_mode & 0o077 == 0
