import pytest

from ringfence.demo.play import Means, play
from ringfence.demo.screen import Silent
from ringfence.ids import system_random


def test_what_cannot_be_written_ends_the_play_before_anything_starts(tmp_path, now):
    def no_keys(*_):
        raise OSError("the disk is full")

    told, logs = play(tmp_path, Silent(), (), Means(lambda: now, system_random, no_keys))
    assert not told.ok
    assert [(step.name, step.ok) for step in told.steps] == [("start", False)]
    assert "the disk is full" in told.steps[0].detail
    assert logs == ""
    assert list((tmp_path / "logs").iterdir()) == []


def test_our_own_mistakes_are_not_told_as_the_installations(tmp_path, now):
    def broken(*_):
        raise TypeError

    with pytest.raises(TypeError):
        play(tmp_path, Silent(), (), Means(lambda: now, system_random, broken))
