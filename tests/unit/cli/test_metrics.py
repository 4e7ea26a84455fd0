"""`ringfence metrics` against a management API."""

import json

from ringfence.cli.metrics import _print

SUMMARY = {
    "operations": [{"operation": "bank/v1 pay", "allowed": 9, "refused": 1, "gateway_ms": 5.0, "upstream_ms": None}],
    "refusals": [{"what": "scope-missing", "count": 1}],
    "clients": [{"what": "\x1b[2Jkestrel", "count": 10}],
    **dict.fromkeys(("logins", "token_requests", "alerts", "restarts"), ()),
    "states": {
        "roles": {"oauth": False},
        "blocks": {"network": 2},
        "last_event": 7,
        "watch_position": None,
        "journal_bytes": 0,
    },
}


def test_text_for_prometheus_and_json(managed, ok) -> None:
    assert "# TYPE ringfence_calls_total counter\n" in ok(managed("metrics"))
    assert json.loads(ok(managed("metrics", "--json")))["operations"] == []
    assert "No calls yet." in ok(managed("metrics", "--summary"))


def test_nobody_there(commanded) -> None:
    assert commanded("metrics").exit_code == 2


def test_tables_for_a_person(capsys) -> None:
    _print(SUMMARY)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "bank/v1 pay 9 1 5 ms more" in lines
    assert "scope-missing 1" in lines
    assert r"\x1b[2Jkestrel 10" in lines
    assert "oauth answers no" in lines
    assert "blocks of a network 2" in lines
    assert "detection has read to unknown" in lines
