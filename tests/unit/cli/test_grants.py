"""`ringfence grants`: list, show, revoke."""

import json
import time


def test_grants(managed, ok, add) -> None:
    assert "no such grant" in ok(managed("grants", "list"))
    ok(add("Granted"))
    deadline = time.monotonic() + 10
    while not (listed := json.loads(ok(managed("grants", "list", "--client", "Granted", "--json")))):
        assert time.monotonic() < deadline
    assert [g["grant_id"] for g in listed] == ["grant_1"]
    assert "revoked" in ok(managed("grants", "revoke", "grant_1", "--why", "customer called"))
    assert json.loads(ok(managed("grants", "revoke", "grant_1", "--json")))["revoked_why"] == "customer called"
    assert "customer called" in ok(managed("grants", "list"))
    assert "customer called" in ok(managed("grants", "show", "grant_1"))
    assert managed("grants", "revoke", "grant_2").exit_code == 1
    assert managed("grants", "show", "../clients").exit_code == 1
