"""`ringfence limits`: show."""

import json


def test_limits(managed, ok, add) -> None:
    ok(add("Acme"))
    shown = ok(managed("limits", "show", "Acme"))
    assert [word for word in ("calls", "shared", "10, 2 for payments") if word not in shown] == []
    items = json.loads(ok(managed("limits", "show", "Acme", "--json")))
    assert [(i["limit"], i["holds"], i["left"], i["cost"]) for i in items] == [
        ("calls", 10, 10, None),
        ("all", 10, None, None),
        ("earned", 10, 8, 1.0),
    ]
    assert managed("limits", "show", "Nobody").exit_code == 1
