import sys

import pytest

from tools import environment


def current():
    return sys.version_info[:2]


def test_an_interpreter_tells_its_version():
    assert environment.version_of(sys.executable) == current()
    assert environment.version_of("/nowhere/python") is None


def test_the_one_asked_for_is_the_only_one_tried():
    assert environment.choose(sys.executable, "/nowhere/python") == (sys.executable, current())
    with pytest.raises(SystemExit, match=r"/nowhere/python does not run(.|\n)*python3-venv"):
        environment.choose("/nowhere/python", sys.executable)


def test_a_python_that_is_too_old_is_named(monkeypatch):
    monkeypatch.setattr(environment, "OLDEST", (3, 99))
    monkeypatch.setattr(environment, "NEWEST", (3, 99))
    with pytest.raises(SystemExit, match=f"found: {sys.executable} {environment.text(current())}"):
        environment.choose(sys.executable, "")


def test_the_fingerprint_follows_level_version_place_and_lock_files(monkeypatch, tmp_path):
    (tmp_path / "requirements").mkdir()
    for name in ("requirements/runtime.txt", "requirements/build.txt", "requirements/dev.txt", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    place = tmp_path / ".venv"
    seen = {
        environment.fingerprint("dev", (3, 11), place),
        environment.fingerprint("runtime", (3, 11), place),
        environment.fingerprint("dev", (3, 12), place),
        environment.fingerprint("dev", (3, 11), tmp_path / "moved"),
    }
    (tmp_path / "requirements/dev.txt").write_text("new")
    seen.add(environment.fingerprint("dev", (3, 11), place))
    assert len(seen) == 5


def test_ready_only_with_the_stamp_of_this_level_or_above(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert not environment.is_ready(tmp_path, "runtime", current())
    (tmp_path / ".ready-dev").write_text(environment.fingerprint("dev", current(), tmp_path))
    assert environment.is_ready(tmp_path, "runtime", current())
    assert environment.is_ready(tmp_path, "dev", current())
    (tmp_path / ".ready-dev").unlink()
    (tmp_path / ".ready-runtime").write_text(environment.fingerprint("runtime", current(), tmp_path))
    assert not environment.is_ready(tmp_path, "dev", current())
