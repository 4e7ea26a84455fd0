"""`ringfence blocks`: add, list, lift."""

import json


def test_blocks(managed, ok) -> None:
    assert "Nothing is kept out" in ok(managed("blocks", "list"))
    assert "192.0.2.7 is kept out until" in ok(managed("blocks", "add", "network", "192.0.2.7", "--why", "scanning"))
    assert "scanning" in ok(managed("blocks", "list"))
    assert json.loads(ok(managed("blocks", "list", "--json")))[0]["value"] == "192.0.2.7"
    assert "is let in again" in ok(managed("blocks", "lift", "network", "192.0.2.7"))
    assert managed("blocks", "lift", "network", "192.0.2.7").exit_code == 1
    assert managed("blocks", "add", "network", "nowhere", "--why", "x").exit_code == 1
