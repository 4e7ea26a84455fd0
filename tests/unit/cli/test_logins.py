"""`ringfence logins`: what it says where nobody waits, and where it cannot be."""

import json

from ringfence.cli.logins import _state


def test_logins(managed, ok) -> None:
    assert "No browser waits" in ok(managed("logins", "list"))
    assert json.loads(ok(managed("logins", "list", "--json"))) == []
    for command in ("show", "accept", "reject"):
        refused = managed("logins", command, "x" * 86)
        assert refused.exit_code == 1
        assert "no browser waits" in refused.output


def test_the_state_of_a_login_in_words() -> None:
    assert _state({"answered_at": None, "redeemed_at": None}) == "waits"
    assert _state({"answered_at": 1.0, "redeemed_at": None}) == "answered"
    assert _state({"answered_at": 1.0, "redeemed_at": 2.0}) == "came back"
