"""`ringfence sessions`: list, end."""

import json


def test_sessions(managed, ok) -> None:
    assert "Nobody is logged in" in ok(managed("sessions", "list"))
    assert json.loads(ok(managed("sessions", "list", "--json"))) == []
    assert managed("sessions", "end", "sid_none", "--why", "test").exit_code == 1
    assert managed("sessions", "list", "--user", "nobody").exit_code == 1
