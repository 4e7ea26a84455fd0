import random
from collections import Counter

from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.simulation.honest import HonestTraffic
from ringfence.simulation.population import populate
from ringfence.simulation.scribe import Scribe


def test_a_day_has_its_hours_and_mostly_goes_well() -> None:
    rng = random.Random(11)
    honest = HonestTraffic(populate(1000, rng), Scribe(rng, 0.0))
    hours = [list(honest.hour(hour)) for hour in range(24)]
    logins = [[t for t in hour if isinstance(t.event, LoginDecided)] for hour in hours]
    assert len(logins[3]) * 4 < len(logins[12])
    everything = [told for hour in hours for told in hour]
    assert all(told.truth is None or told.truth.mistake for told in everything)
    calls = Counter(told.event.allowed for told in everything if isinstance(told.event, CallDecided))
    assert calls[False] < calls[True] * 0.1
    assert all(told.at >= number * 3600 for number, hour in enumerate(hours) for told in hour)


def test_a_session_logs_in_before_it_calls() -> None:
    rng = random.Random(12)
    honest = HonestTraffic(populate(60, rng), Scribe(rng, 0.0))
    first: dict[str, float] = {}
    for told in sorted((t for hour in range(24) for t in honest.hour(hour)), key=lambda t: t.at):
        if isinstance(told.event, LoginDecided) and told.event.allowed:
            first.setdefault(told.event.user, told.at)
        elif isinstance(told.event, CallDecided) and told.event.client == "bank-app":
            assert first[told.event.user] <= told.at
