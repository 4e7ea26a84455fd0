import time
from typing import Any

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.intel.indicator import Malformed
from ringfence.intel.stix import read_stix

NOW = Instant(1_800_000_000.0)  # 2027-01-15T08:00:00Z
END = Instant(NOW + 1000)


def indicator(pattern: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{number}",
        "modified": "2026-01-01T00:00:00.000Z",
        "valid_from": "2026-01-01T00:00:00Z",
        "pattern_type": "stix",
        "pattern": pattern,
        **more,
    }


def reading(*objects: dict[str, Any]) -> Any:
    return read_stix([msgspec.json.encode({"type": "bundle", "id": "bundle--1", "objects": objects})], 60, END, NOW)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("[ipv4-addr:value = '203.0.114.7']", 1),
        ("[ipv4-addr:value='203.0.114.7' OR ipv4-addr:value = '203.0.114.8']", 2),
        ("[ipv4-addr:value = '203.0.114.7'] OR [ipv6-addr:value = '2a00::1']", 2),
        ("[ipv4-addr:value ISSUBSET '203.0.114.0/24']", 1),
        ("[ipv4-addr:value IN ('203.0.114.7', '203.0.114.8','203.0.114.9')]", 3),
    ],
)
def test_patterns_about_addresses_alone_are_taken(pattern: str, count: int) -> None:
    assert len(reading(indicator(pattern)).indicators) == count


@pytest.mark.parametrize(
    "pattern",
    [
        "[ipv4-addr:value = '203.0.114.7' AND network-traffic:dst_port = 443]",
        "[ipv4-addr:value = '203.0.114.7'] FOLLOWEDBY [ipv4-addr:value = '203.0.114.8']",
        "[ipv4-addr:value != '203.0.114.7']",
        "[NOT ipv4-addr:value = '203.0.114.7']",
        "[ipv4-addr:value = '203.0.114.7'] REPEATS 5 TIMES",
        "[ipv4-addr:value = '203.0.114.7'] WITHIN 5 SECONDS",
        "[domain-name:value = 'x.example']",
        "[ipv4-addr:value = '10.0.0.1']",
        "[ipv4-addr:value ISSUBSET '0.0.0.0/0']",
        "ipv4-addr:value = '203.0.114.7'",
        "",
    ],
)
def test_what_means_more_or_less_is_skipped(pattern: str) -> None:
    found = reading(indicator(pattern))
    assert (found.indicators, found.skipped) == ((), 1)
    assert "indicator--1" in found.mistake


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, True),
        ({"revoked": True}, False),
        ({"valid_from": "2028-01-01T00:00:00Z"}, False),
        ({"valid_until": "2026-06-01T00:00:00Z"}, False),
        ({"valid_until": "2028-06-01T00:00:00Z"}, True),
        ({"valid_from": "yesterday"}, False),
        ({"valid_until": "2028-06-01T00:00:00"}, False),
        ({"confidence": 101}, False),
        ({"pattern_type": "snort"}, False),
    ],
)
def test_times_and_words_of_an_indicator_count(more: dict[str, Any], taken: bool) -> None:
    found = reading(indicator("[ipv4-addr:value = '203.0.114.7']", **more))
    assert bool(found.indicators) is taken


def test_the_newest_version_over_all_pages_counts() -> None:
    old = indicator("[ipv4-addr:value = '203.0.114.7']", confidence=20)
    new = indicator("[ipv4-addr:value = '203.0.114.8']", confidence=90) | {"modified": "2026-02-01T00:00:00.000Z"}
    for pages in ([old, new], [new, old]):
        found = read_stix([msgspec.json.encode({"objects": [page]}) for page in pages], 60, END, NOW)
        assert [(one.first & 0xFF, one.confidence) for one in found.indicators] == [(8, 90)]
    gone = new | {"revoked": True, "modified": "2026-03-01T00:00:00.000Z"}
    assert not reading(old, new, gone).indicators
    assert not read_stix([b"{}"], 60, END, NOW).indicators  # TAXII 2.1 §3.7: an empty envelope


@pytest.mark.parametrize("document", [b"", b"[]", b"3", b'{"x": 1}', b'{"objects": 3}', b'{"objects": [{"type": 3}]}'])
def test_what_is_no_bundle_is_refused(document: bytes) -> None:
    with pytest.raises(Malformed):
        read_stix([document], 60, END, NOW)


def test_a_hostile_pattern_costs_nothing() -> None:
    began = time.perf_counter()
    for hostile in (
        "[" + "ipv4-addr:value = '1.1.1.1' OR " * 300,
        "[" + " " * 9000,
        "[ipv4-addr:value IN (" + "'1.1.1.1'," * 900,
    ):
        assert reading(indicator(hostile)).skipped == 1
    assert time.perf_counter() - began < 5
