import time

from ringfence.clock import monotonic_seconds, system_clock


def test_the_system_clock_is_the_machines():
    assert abs(system_clock() - time.time()) < 5


def test_the_monotonic_clock_does_not_go_back():
    readings = [monotonic_seconds() for _ in range(1000)]
    assert readings == sorted(readings)
