from ringfence.export.severity import SCALE_OF_TEN, SYSLOG


def test_worse_is_worse_on_every_scale() -> None:
    assert list(SCALE_OF_TEN) == list(SYSLOG) == [1, 2, 3, 4, 5]
    assert sorted(SCALE_OF_TEN.values()) == list(SCALE_OF_TEN.values())
    assert sorted(SYSLOG.values(), reverse=True) == list(SYSLOG.values())
