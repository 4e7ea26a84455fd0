"""Baselines of anomaly detection as files: written from the watch's last snapshot, loaded once when they are new."""

import asyncio
from pathlib import Path

from ringfence.detect.anomaly.baseline_file import Header, header_of, packed
from ringfence.detect.detection import Detection
from ringfence.policy.load import load
from ringfence.store.embedded.sqlite_watch import SqliteWatch
from ringfence.store.private_file import create_private


class NothingLearned(Exception):
    """The watch has not kept anything yet."""


async def save_baseline(policy_file: Path, out: Path) -> Header:
    """Write what the watch knew at its last snapshot, at most half a minute ago, to a file of mode 0600.

    Raises:
        NothingLearned: there is no snapshot with it.
        Unavailable: the records of detection cannot be read.
        OSError: the file cannot be written.
    """
    records = SqliteWatch(load(policy_file).places.watch)
    try:
        _, state = await records.resume()
    finally:
        await records.close()
    detection = Detection((), 100)
    if state:
        detection.restore(state)
    if detection.anomalies is None or detection.anomalies.status().at <= 0:
        raise NothingLearned
    data = packed(detection.anomalies)
    create_private(str(out))
    await asyncio.to_thread(out.write_bytes, data)
    return header_of(data)
