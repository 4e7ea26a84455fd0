"""`ringfence risk`: show and clear."""

import json


def test_risk(managed, ok) -> None:
    assert "Nothing speaks against it" in ok(managed("risk", "show", "network:192.0.2.7"))
    assert json.loads(ok(managed("risk", "show", "user:u", "--json")))["score"] == 0
    assert managed("risk", "clear", "user:u", "--why", "x").exit_code == 1
    assert managed("risk", "show", "planet:u").exit_code == 1
    assert managed("risk", "show", "nothing").exit_code == 2
