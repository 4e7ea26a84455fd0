import pytest

from ringfence.detect.rule import seconds


@pytest.mark.parametrize(("text", "count"), [("30s", 30), ("10m", 600), ("1h", 3600), ("7d", 604_800)])
def test_durations_are_seconds(text: str, count: int) -> None:
    assert seconds(text) == count
