"""`ringfence signals`."""

import json


def test_streams_and_transmitters(managed, ok) -> None:
    assert "No client has a stream" in ok(managed("signals", "streams"))
    assert json.loads(ok(managed("signals", "streams", "--json"))) == []
    assert "names nobody" in ok(managed("signals", "transmitters"))
    assert json.loads(ok(managed("signals", "transmitters", "--json"))) == []


def test_where_nothing_runs(commanded) -> None:
    assert commanded("signals", "streams").exit_code == 2
    assert commanded("signals", "transmitters").exit_code == 2
