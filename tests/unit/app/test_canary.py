"""A canary between processes."""

from pathlib import Path

import msgspec
import pytest
from trying import canary_of, tried

from ringfence.app import snapshot
from ringfence.app.canary import beside, beside_or_none, canary_file, end_canary, fits, read_canary, write_canary
from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load


def test_it_is_read_as_it_was_written_and_is_its_owners_alone(installation: Path, loaded: LoadedPolicy) -> None:
    assert read_canary(loaded.places) is None
    canary = canary_of(tried(installation), loaded)
    write_canary(loaded.places, canary)
    assert read_canary(loaded.places) == canary
    assert canary_file(loaded.places).stat().st_mode & 0o777 == 0o600
    end_canary(loaded.places)
    end_canary(loaded.places)
    assert read_canary(loaded.places) is None


def test_the_roles_find_it_beside_the_copy_that_they_read(installation: Path, loaded: LoadedPolicy) -> None:
    copy, name = snapshot.load_named(snapshot.accept(loaded))
    assert beside(copy, name) is None
    file = tried(installation)
    write_canary(loaded.places, canary_of(file, loaded))
    file.unlink()
    found = beside(copy, name)
    assert found is not None
    assert found[1].table.operations[0].demands.max_body_bytes == 9
    assert beside(copy, found[0].name) is None


def test_one_that_cannot_go_on_beside_the_running_policy_governs_nobody(
    installation: Path, loaded: LoadedPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    write_canary(loaded.places, canary_of(tried(installation), loaded))
    installation.write_text(installation.read_text().replace("http://127.0.0.1:9", "http://127.0.0.1:8"))
    again = load(installation)
    with pytest.raises(PolicyMistakes, match=r"`upstream.url` of bank v1 is one for all clients"):
        beside(again, snapshot.name_of(again))
    assert beside_or_none(again, snapshot.name_of(again)) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"source": "x"}', b"\xff", b'{"percent": 1e999}'])
def test_a_broken_file_is_told_and_governs_nobody(loaded: LoadedPolicy, content: bytes) -> None:
    canary_file(loaded.places).parent.mkdir(parents=True)
    canary_file(loaded.places).write_bytes(content)
    with pytest.raises(PolicyMistakes, match="ringfence canary abort"):
        read_canary(loaded.places)
    assert beside_or_none(loaded, snapshot.name_of(loaded)) is None


def test_a_copy_that_is_gone_governs_nobody(installation: Path, loaded: LoadedPolicy) -> None:
    canary = canary_of(tried(installation), loaded)
    write_canary(loaded.places, msgspec.structs.replace(canary, policy=str(installation.with_name("gone.yaml"))))
    assert beside_or_none(loaded, snapshot.name_of(loaded)) is None


def test_paths_are_the_same_wherever_the_two_files_lie(installation: Path, loaded: LoadedPolicy) -> None:
    copy, _ = snapshot.load_named(snapshot.accept(loaded))
    file = tried(installation)
    fits(copy, load(file), file)


def test_a_mistake_stands_in_the_canarys_own_file(installation: Path, loaded: LoadedPolicy) -> None:
    file = tried(installation, "port: 8443", "port: 9443")
    with pytest.raises(PolicyMistakes) as found:
        fits(loaded, load(file), file)
    (mistake,) = found.value.mistakes
    assert (mistake.file, mistake.line) == (str(file), file.read_text().split("\n").index("    port: 9443") + 1)
    assert "write `8443`" in mistake.instead
