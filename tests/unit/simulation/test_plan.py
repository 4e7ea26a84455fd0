import itertools
import random
from typing import Any

import pytest

from ringfence.networks import prefix_of
from ringfence.simulation.plan import FORMS, Plan
from ringfence.simulation.population import populate
from ringfence.simulation.scribe import Scribe, Truth


def plan(form: Any) -> Plan:
    rng = random.Random(31)
    return Plan(100.0, form, populate(50, rng), Scribe(rng, 0.0), Truth(attack="a", form=form, number=4))


@pytest.mark.parametrize("form", FORMS)
def test_only_the_distributed_form_has_many_sources(form: Any) -> None:
    one = plan(form)
    assert one.pick("easy", "slow", "distributed") == form
    sources, partners = one.sources(20, 40), one.partners(5, 9)
    many = form == "distributed"
    assert (len(sources) > 1, len(partners) > 1) == (many, many)
    assert len({prefix_of(s) for s in sources}) >= len(sources) - 1
    assert all(p.startswith("rogue-4-") for p in partners)


def test_times_keep_a_pace() -> None:
    times = list(plan("easy").times(50, 2, 4))
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert times[0] == 100.0
    assert 1.0 <= min(gaps) < max(gaps) <= 6.0
