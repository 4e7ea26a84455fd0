import msgspec
import pytest

from ringfence.attacks import malformed_json


def test_no_body_is_json(recorded):
    _, seen = recorded(malformed_json.ATTACK)
    assert len({request.content for request in seen}) == 4
    for request in seen:
        with pytest.raises(ValueError, match=r"."):
            msgspec.json.decode(request.content)
