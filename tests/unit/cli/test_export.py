"""`ringfence export status`."""

import json


def test_status(managed, ok) -> None:
    table = ok(managed("export", "status"))
    assert "siem" in table
    assert "failing since" in table
    (state,) = json.loads(ok(managed("export", "status", "--json")))
    assert (state["sink"], state["kind"], state["position"], state["failure"]) == ("siem", "file", 0, "")


def test_where_nothing_runs(commanded) -> None:
    assert commanded("export", "status").exit_code == 2
