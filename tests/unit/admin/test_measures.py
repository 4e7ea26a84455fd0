"""Events counted in Prometheus' form."""

import math
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ringfence.admin.measures import MOST_CLIENT_REASONS, MOST_CLIENTS, OTHER, Bounded, Measures, States
from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import AdminActed, PolicyLoaded, RoleExited
from ringfence.events.calls import CallDecided
from ringfence.events.detection import AlertRaised, BlockChanged
from ringfence.events.logins import ConsentDecided, LoginDecided
from ringfence.events.tokens import GrantRevoked, TokenDecided
from ringfence.gateway.overload import Pressure
from ringfence.store.cursors import Cursor

AT = Instant(1.0)


def call(**more: Any) -> CallDecided:
    fields: dict[str, Any] = {"allowed": True, "status": 200, "api": "bank", "version": "v1", "operation": "pay"}
    return CallDecided(AT, "c", "t", **(fields | {"client": "kestrel", "micros": 9000, "upstream_micros": 5000} | more))


def read(measures: Measures, states: States | None = None) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families(measures.text(states or States()).decode()):
        for sample in family.samples:
            found[sample.name.removeprefix("ringfence_"), *sorted(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize(
    ("event", "sample"),
    [
        (call(), ("calls_total", "bank/v1 pay", "allowed", "")),
        (
            call(allowed=False, status=403, reason="scope-missing"),
            ("calls_total", "bank/v1 pay", "refused", "scope-missing"),
        ),
        (call(), ("client_calls_total", "kestrel", "allowed", "")),
        (
            call(allowed=False, status=503, reason="overloaded", priority="read"),
            ("calls_shed_total", "bank/v1", "read"),
        ),
        (call(queued_micros=100), ("queue_seconds_count", "bank/v1 pay")),
        (LoginDecided(AT, "c", allowed=False, username_hash="h", reason="x"), ("logins_total", "refused", "x")),
        (ConsentDecided(AT, "c", allowed=True, user="u", client="c", scopes=()), ("consents_total", "allowed")),
        (
            TokenDecided(AT, "c", "token", allowed=True, grant_type="refresh_token"),
            ("token_requests_total", "token", "refresh_token", "allowed", ""),
        ),
        (GrantRevoked(AT, "c", "g", "c", "u", "why"), ("grants_revoked_total",)),
        (AlertRaised(AT, "c", "a", "brute-force", "high", "alert", "t", "e"), ("alerts_total", "brute-force", "high")),
        (BlockChanged(AT, "c", "network", "x", 9.0, "w", "a"), ("blocks_changed_total", "network", "set")),
        (BlockChanged(AT, "c", "network", "x", 0.0, "w", "a"), ("blocks_changed_total", "network", "lifted")),
        (RoleExited(AT, "gateway-0", 1, 0.1), ("role_restarts_total", "gateway-0")),
        (PolicyLoaded(AT, "d", accepted=False), ("policies_total", "refused")),
    ],
)  # fmt: skip
def test_every_event_is_counted_once(event: Event, sample: tuple[str, ...]) -> None:
    measures = Measures()
    measures.feed(7, event)
    sample = (sample[0], *sorted(sample[1:]))
    found = read(measures)
    assert found[sample] == 1
    assert found["counted_position",] == 7
    measures.feed(8, event)
    assert read(measures)[sample] == 2


def test_latencies_are_split_and_bytes_added() -> None:
    measures = Measures()
    measures.feed(1, call(request_bytes=10, response_bytes=20))
    measures.feed(2, call(request_bytes=10, response_bytes=-1, upstream_micros=0, micros=200))
    found = read(measures)
    assert found["gateway_seconds_sum", "bank/v1 pay"] == pytest.approx(0.0042)
    assert found["upstream_seconds_count", "bank/v1 pay"] == 1
    assert found["body_bytes_total", "bank/v1 pay", "request"] == 20
    measures.feed(3, call(queued_micros=3500))
    assert read(measures)["gateway_seconds_sum", "bank/v1 pay"] == pytest.approx(0.0042 + 0.0005)
    assert found["body_bytes_total", "bank/v1 pay", "response"] == 20


def test_labels_are_bounded_and_what_is_too_much_is_still_counted() -> None:
    measures = Measures()
    for n in range(MOST_CLIENTS + 50):
        measures.feed(n, call(client=f"c{n}"))
    found = {key: v for key, v in read(measures).items() if key[0] == "client_calls_total"}
    assert len(found) == MOST_CLIENTS + 1
    assert found["client_calls_total", "", "allowed", OTHER] == 50
    for n in range(MOST_CLIENT_REASONS + 30):
        measures.feed(n, call(client="c1", allowed=False, reason=f"r{n}"))
    found = {key: v for key, v in read(measures).items() if key[0] == "client_calls_total" and "c1" in key}
    assert len(found) == 1 + MOST_CLIENT_REASONS + 1
    assert found["client_calls_total", "c1", OTHER, "refused"] == 30
    bounded = Bounded(1)
    assert [bounded(text) for text in ("a", "b", "a")] == ["a", OTHER, "a"]


def test_a_name_cannot_break_out_of_its_label() -> None:
    measures = Measures()
    measures.feed(1, call(client='x"} 1\nringfence_forged_total 9\n'))
    assert not any(key[0].startswith("forged") for key in read(measures))


def test_states_and_what_cannot_be_told() -> None:
    measures = Measures()
    told = read(measures, States(9, 7, 100, {"gateway-0": True, "gateway-1": False}, {"network": 2}))
    assert told["watch_lag_events",] == 2
    assert told["journal_backlog_bytes",] == 100
    assert (told["role_up", "gateway-0"], told["role_up", "gateway-1"], told["blocks", "network"]) == (1, 0, 2)
    fewer = read(measures, States(roles={"gateway-0": True}))
    assert ("role_up", "gateway-1") not in fewer
    assert fewer["watch_lag_events",] != fewer["watch_lag_events",]  # not a number: unknown


def test_how_upstreams_stand_at_each_worker() -> None:
    measures = Measures()
    told = read(measures, States(pressure={"gateway-0": (Pressure("bank/v1", 31, 30, 4),), "gateway-1": ()}))
    names = ("upstream_limit", "upstream_in_flight", "upstream_waiting")
    assert [told[name, "bank/v1", "gateway-0"] for name in names] == [31, 30, 4]
    assert not any(key[0] in names for key in read(measures, States()))


def test_an_overload_at_the_edge_is_no_upstreams() -> None:
    measures = Measures()
    measures.feed(1, call(allowed=False, status=503, reason="overloaded"))
    assert not any(key[0] == "calls_shed_total" for key in read(measures))


def test_other_events_and_those_not_understood_move_the_position_only() -> None:
    measures = Measures()
    measures.feed(1, AdminActed(AT, "c", "a", "x", "y"))
    measures.feed(2, None)
    assert read(measures)["counted_position",] == 2


def test_how_far_sinks_are_and_what_a_channel_has_lost() -> None:
    gone = Cursor(position=7, failing_since=AT, failure="away", waiting=3, given_up=1, dropped=2)
    found = read(Measures(), States(sinks={"siem": Cursor(position=9), "phone": gone, "new": None}))
    assert found["sink_position", "siem"] == 9
    assert [found[name, "phone"] for name in ("sink_failing", "sink_waiting_alerts", "sink_dropped_alerts")] == [
        1,
        3,
        2,
    ]
    assert (found["sink_given_up_alerts", "phone"], found["sink_failing", "siem"]) == (1, 0)
    assert math.isnan(found["sink_position", "new"])
