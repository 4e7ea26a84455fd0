"""A policy that is tried beside the one of the tests."""

from pathlib import Path

from ringfence.app import snapshot
from ringfence.clock import Instant
from ringfence.policy.canary import Canary
from ringfence.policy.load import LoadedPolicy, load


def tried(installation: Path, old: str = "scopes: [things]", new: str = "scopes: [things], max_body_bytes: 9") -> Path:
    file = installation.with_name("next.yaml")
    text = installation.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return file


def canary_of(file: Path, running: LoadedPolicy) -> Canary:
    loaded = load(file)
    return Canary(
        source=str(file),
        policy=str(snapshot.keep(loaded) / snapshot.FILE),
        name=snapshot.name_of(loaded),
        running=snapshot.name_of(running),
        percent=5.0,
        salt="s",
        since=Instant(1.0),
    )
