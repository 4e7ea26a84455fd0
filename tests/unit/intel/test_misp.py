from typing import Any

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.intel.indicator import Malformed
from ringfence.intel.misp import read_misp

NOW = Instant(1_800_000_000.0)


def attribute(value: str, kind: str = "ip-src", **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "to_ids": True, "timestamp": "1799990000", **more}


def values(document: Any, expires_after: float = 86_400) -> list[tuple[int, float]]:
    found = read_misp(msgspec.json.encode(document), 60, expires_after, NOW)
    return [(one.first & 0xFF, one.expires_at) for one in found.indicators]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda event: {"Event": event},
        lambda event: {"response": [{"Event": event}]},
        lambda event: [event],
        lambda event: {"response": {"Attribute": event["Attribute"]}},
    ],
)
def test_every_form_of_misp_is_read(wrap: Any) -> None:
    event = {"info": "x", "Attribute": [attribute("203.0.114.7"), attribute("203.0.114.8|443", "ip-dst|port")]}
    assert values(wrap(event)) == [(7, 1_799_990_000 + 86_400), (8, 1_799_990_000 + 86_400)]


def test_what_misp_does_not_ask_to_act_on_is_left_out() -> None:
    listed = [
        attribute("203.0.114.1", to_ids=False),
        attribute("203.0.114.2", deleted=True),
        attribute("x.example", "domain"),
        attribute("10.0.0.1"),
        attribute("203.0.114.5"),
    ]
    found = read_misp(msgspec.json.encode({"Event": {"info": "x", "Attribute": listed}}), 60, 0, NOW)
    assert [one.first & 0xFF for one in found.indicators] == [5]
    assert (found.skipped, found.indicators[0].expires_at) == (4, 0.0)
    assert "attribute 4" in found.mistake


def test_objects_attributes_count_and_the_future_is_now() -> None:
    event = {
        "info": "x",
        "Object": [{"Attribute": [attribute("203.0.114.7", timestamp="9999999999")]}, {"Attribute": "x"}, 3],
    }
    assert values({"Event": event}) == [(7, NOW + 86_400)]
    assert values({"Event": {"info": "nothing in it"}}) == []


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"3", b"{}", b'{"Attribute": [3]}', b'{"Event": {"Object": {}, "Attribute": []}}', b'"\xff"'],
)
def test_what_is_no_misp_is_refused(document: bytes) -> None:
    with pytest.raises(Malformed):
        read_misp(document, 60, 1, NOW)
