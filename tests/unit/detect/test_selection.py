from typing import Any

import pytest

from ringfence.detect.selection import InvalidSelection, compile_selection

KNOWN = frozenset({"event", "network", "status", "path"})


@pytest.mark.parametrize(
    ("fields", "event", "fits"),
    [
        ({"status": 404}, {"status": 404}, True),
        ({"status": [403, 404]}, {"status": 403}, True),
        ({"status": 404}, {"status": 200}, False),
        ({"status": 404}, {}, False),
        ({"path|contains": "ADMIN"}, {"path": "/x/admin/y"}, True),
        ({"path|startswith": ["/a", "/b"]}, {"path": "/b/c"}, True),
        ({"path|endswith": ".php"}, {"path": "/x.PHP"}, True),
        ({"path|re": "^/v[0-9]+/"}, {"path": "/v12/x"}, True),
        ({"path|re": "^/v[0-9]+/"}, {"path": "/x/v12/"}, False),
        ({"network|cidr": "192.0.2.0/24"}, {"network": "192.0.2.9"}, True),
        ({"network|cidr": "2001:db8::/32"}, {"network": "192.0.2.9"}, False),
        ({"network|cidr": "192.0.2.0/24"}, {"network": "unix"}, False),
        ({"status|gte": 400}, {"status": 404}, True),
        ({"status|lt": 400}, {"status": 404}, False),
        ({"path|not": ""}, {"path": "x"}, True),
        ({"path": ["a", "b"]}, {"path": ("c", "b")}, True),
        ({"path": "a"}, {"path": ("c", "b")}, False),
        ({"path|exists": True}, {"path": ("c",)}, True),
        ({"path|exists": True}, {"path": ()}, False),
        ({"path|exists": False}, {"path": ""}, True),
        ({"path|not": ""}, {"path": ""}, False),
        ({"status": 404, "path": "/x"}, {"status": 404, "path": "/y"}, False),
    ],
)
def test_selections_take_what_they_say(fields: dict[str, Any], event: dict[str, Any], fits: bool) -> None:
    assert compile_selection(fields, KNOWN)(event) is fits


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "no fields"),
        ({"colour": "red"}, "no event has a field `colour`"),
        ({"path|sounds": "x"}, "`sounds` is not a modifier"),
        ({"path": []}, "no values"),
        ({"path|contains": 1}, "text is wanted"),
        ({"path|re": "("}, "path|re"),
        ({"network|cidr": "nowhere"}, "does not appear to be"),
        ({"status|gte": "x"}, "one number"),
        ({"status|gte": [1, 2]}, "one number"),
        ({"path": [{}]}, "unhashable"),
    ],
)
def test_what_is_no_selection_is_told(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidSelection, match=why.replace("|", r"\|")):
        compile_selection(fields, KNOWN)
