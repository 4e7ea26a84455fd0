import json

from ringfence.edge.discovery import discovery


def test_the_version_follows_the_resources():
    one, same, other = discovery([{"a": 1}]), discovery([{"a": 1}]), discovery([{"a": 2}])
    assert one == same
    assert json.loads(one)["version_info"] != json.loads(other)["version_info"]
    assert json.loads(discovery([], "7")) == {"version_info": "7", "resources": []}
