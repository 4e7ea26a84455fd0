import httpx
import pytest

from ringfence.attacks.outcome import Outcome
from ringfence.demo.partner import Unexpected
from ringfence.demo.results import Assault
from ringfence.demo.screen import Silent
from ringfence.demo.teller import StoryBroke, Teller


class Seen(Silent):
    def __init__(self):
        self.steps, self.ends = [], []

    def step(self, step):
        self.steps.append(step)

    def end(self, told):
        self.ends.append(told)


def test_a_step_is_shown_with_the_status_of_its_last_call():
    show = Seen()
    teller = Teller(show)
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(201)))
    http.event_hooks = {"response": [teller.heard]}
    with teller.step("a", "First") as note:
        http.get("http://x")
        note.detail = "done"
    with teller.step("b", "Second"):
        pass
    assert [(s.name, s.ok, s.status, s.detail) for s in show.steps] == [("a", True, 201, "done"), ("b", True, 0, "")]
    assert teller.told(0).ok
    assert len(show.ends) == 1


@pytest.mark.parametrize("error", [Unexpected("no"), httpx.ConnectError("no"), KeyError("no"), ValueError("no")])
def test_a_step_that_fails_is_noted_and_ends_the_story(error):
    show = Seen()
    teller = Teller(show)
    with pytest.raises(StoryBroke), teller.step("a", "First"):
        raise error
    assert not show.steps[0].ok
    assert "no" in show.steps[0].detail
    assert not teller.told(0).ok


def test_our_own_mistakes_and_ctrl_c_are_not_mistaken_for_the_servers():
    for error in (TypeError, KeyboardInterrupt):
        with pytest.raises(error), Teller(Seen()).step("a", "First"):
            raise error


def test_a_story_without_its_attacks_is_not_good():
    teller = Teller(Seen())
    with teller.step("a", "First"):
        pass
    teller.attacked(Assault("a", "A", Outcome(()), 0, 0))
    assert not teller.told(1).ok
