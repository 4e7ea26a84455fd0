"""A policy that was tried takes the place of the policy file, or nothing is touched."""

from pathlib import Path

import msgspec
from trying import canary_of, tried

from ringfence.app import snapshot
from ringfence.app.promotion import BEFORE, promotion, taken_back
from ringfence.policy.load import LoadedPolicy


def test_its_text_stands_in_the_policy_file_and_the_old_one_beside(installation: Path, loaded: LoadedPolicy) -> None:
    old, file = installation.read_text(), tried(installation)
    installation.chmod(0o640)
    assert promotion(canary_of(file, loaded), installation, snapshot.name_of(loaded)) == ""
    assert installation.read_text() == file.read_text()
    assert installation.stat().st_mode & 0o777 == 0o640
    assert installation.with_name(f"ringfence.yaml{BEFORE}").read_text() == old
    taken_back(installation)
    assert installation.read_text() == old


def untouched(installation: Path, loaded: LoadedPolicy, running: str = "", **changed: str) -> str:
    """Return why a canary is not promoted."""
    canary = msgspec.structs.replace(canary_of(tried(installation), loaded), **changed)
    before = installation.read_text()
    why = promotion(canary, installation, running or snapshot.name_of(loaded))
    assert installation.read_text() == before
    assert not installation.with_name(f"ringfence.yaml{BEFORE}").exists()
    return why


def test_a_policy_file_that_has_changed_is_not_overwritten(installation: Path, loaded: LoadedPolicy) -> None:
    assert "ringfence.yaml has changed" in untouched(installation, loaded, "another")
    assert "ringfence.yaml has changed" in untouched(installation, loaded, running="0" * 16)
    canary = canary_of(tried(installation), loaded)
    for text in (installation.read_text().replace("See things", "See all"), "version: nonsense\n"):
        installation.write_text(text)
        assert promotion(canary, installation, snapshot.name_of(loaded))
        assert installation.read_text() == text


def test_a_file_that_is_not_what_was_tried_does_not_come_into_force(installation: Path, loaded: LoadedPolicy) -> None:
    assert "next.yaml or a document of it has changed" in untouched(installation, loaded, name="0" * 16)
    assert "cannot be read" in untouched(installation, loaded, source=str(installation.with_name("gone.yaml")))


def test_a_file_elsewhere_has_other_paths(installation: Path, loaded: LoadedPolicy, tmp_path: Path) -> None:
    canary = canary_of(tried(installation), loaded)
    elsewhere = tmp_path / "elsewhere" / "next.yaml"
    elsewhere.parent.mkdir()
    for name in ("bank.yaml", "certs"):
        (elsewhere.parent / name).symlink_to(installation.with_name(name))
    elsewhere.write_text(Path(canary.source).read_text())
    moved = msgspec.structs.replace(canary, source=str(elsewhere))
    assert "does not lie beside" in promotion(moved, installation, snapshot.name_of(loaded))
