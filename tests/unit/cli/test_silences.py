"""`ringfence silences`."""

import json


def test_a_silence_from_its_beginning_to_its_end(managed, ok) -> None:
    assert "Nothing is silenced" in ok(managed("silences", "list"))
    assert "nobody is told until" in ok(managed("silences", "add", "limit-pushing", "client=c", "--why", "load test"))
    assert "client=c" in ok(managed("silences", "list"))
    (one,) = json.loads(ok(managed("silences", "list", "--json")))
    assert "ended" in ok(managed("silences", "end", one["silence_id"]))
    assert json.loads(ok(managed("silences", "list", "--json"))) == []


def test_what_a_silence_must_say(managed) -> None:
    assert managed("silences", "add", "limit-pushing", "client=c").exit_code == 1
    assert managed("silences", "add", "limit-pushing", "client", "--why", "x").exit_code == 1
    assert managed("silences", "add", "limit-pushing", "--why", "x").exit_code == 1
    assert managed("silences", "add", "gone", "client=c", "--why", "x").exit_code == 1
    assert managed("silences", "end", "silence_9").exit_code == 1
