import pytest

from ringfence.attacks.outcome import Must, Outcome, Try
from ringfence.demo.results import Assault, Step, Told


def one(**changed):
    values = {
        "what": "as [red]Bearer",
        "must": Must(401, "proof-missing"),
        "status": 401,
        "reason": "proof-missing",
        "title": "A DPoP proof is needed",
        "named": (),
        "seconds": 0.002,
    }
    return Try(**(values | changed))


REFUSED = (one(),)


def assault(tries=REFUSED, reached=0, payments=0):
    return Assault("stolen-token", "Stolen token", Outcome(tries), reached, payments)


GOOD = Step("push", "It pushes", ok=True, status=201, detail="fine", seconds=0.01)


def told(*assaults, steps=(GOOD,), expected=1):
    return Told(steps, assaults, expected, 3.0)


def test_a_story_is_good_only_if_everything_went_as_it_must():
    assert told(assault()).ok


@pytest.mark.parametrize(
    "bad",
    [
        told(),
        told(steps=(), expected=0),
        told(assault(), steps=(Step("push", "It pushes", ok=False, status=400, detail="no", seconds=0.01),)),
        told(assault(), expected=2),
        told(assault(tries=())),
        told(assault(tries=(one(), one(status=200)))),
        told(assault(tries=(one(reason="proof-key"),))),
        told(assault(tries=(one(must=Must(401, "proof-missing", at="/a")),))),
        told(assault(reached=1)),
        told(assault(reached=-1)),
        told(assault(payments=1)),
    ],
)
def test_one_thing_that_went_otherwise_makes_it_bad(bad):
    assert not bad.ok
    assert bad.as_json()["ok"] is False
