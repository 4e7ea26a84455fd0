import io

import pytest
from rich.console import Console

from ringfence.attacks.outcome import Must, Outcome, Try
from ringfence.demo.results import Assault, Step, Told
from ringfence.demo.screen import Screen


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_screen_fits_and_names_every_refusal(width):
    out = io.StringIO()
    screen = Screen(Console(file=out, width=width, color_system=None))
    must = Must(401, "proof-missing")
    refused = Try("as [red]Bearer", must, 401, "proof-missing", "A DPoP proof is needed with this token", (), 0.002)
    passed = Try("as [red]Bearer", must, 200, "", "", (), 0.002)
    good = Step("push", "It pushes", ok=True, status=201, detail="fine", seconds=0.01)
    story = Told(
        (good,),
        (Assault("a", "Stolen", Outcome((refused,)), 0, 0), Assault("b", "Other", Outcome((passed,)), 1, 0)),
        expected_assaults=2,
        seconds=3.0,
    )
    screen.chapter("One")
    for step in (*story.steps, Step("x", "It fails", ok=False, status=0, detail="because " * 40, seconds=2.0)):
        screen.step(step)
    for number, each in enumerate(story.assaults, 1):
        screen.assault(number, each)
    screen.end(story)
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    for expected in (
        "as [red]Bearer",
        "401 proof-missing",
        "it had to be 401",
        "the bank saw 1 calls",
        "1 of 2 attacks",
        "✗",
    ):
        assert expected in text
