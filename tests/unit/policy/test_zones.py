import re

import pytest

from ringfence.policy.zones import zone


def test_a_zone_is_read_once() -> None:
    assert zone("Europe/London") is zone("Europe/London")


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "", "Europe"])
def test_what_is_no_zone_is_told(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(name)}$"):
        zone(name)
