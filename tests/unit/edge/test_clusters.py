from pathlib import Path

import pytest

from ringfence.edge.clusters import WORKER_IDLE_SECONDS, cluster, pipe
from ringfence.problem import Reason, Refused

GRANIAN_HEADER_READ_SECONDS = 30


def test_the_edge_lets_go_of_a_connection_before_the_worker_does():
    options = cluster("gateway", [Path("/s")], 10)["typed_extension_protocol_options"]
    (settings,) = options.values()
    assert settings["common_http_protocol_options"]["idle_timeout"] == f"{WORKER_IDLE_SECONDS}s"
    assert WORKER_IDLE_SECONDS < GRANIAN_HEADER_READ_SECONDS


def test_a_worker_is_passed_over_when_it_cannot_be_reached_and_never_for_what_it_answers():
    outlier = cluster("gateway", [Path("/s")], 10)["outlier_detection"]
    assert outlier["split_external_local_origin_errors"] is True
    assert outlier["consecutive_local_origin_failure"] == 1
    for answer in ("enforcing_consecutive_5xx", "enforcing_consecutive_gateway_failure", "enforcing_success_rate"):
        assert outlier[answer] == 0


def test_calls_are_limited():
    (limits,) = cluster("gateway", [Path("/s")], 10)["circuit_breakers"]["thresholds"]
    assert set(limits.values()) == {10}


def test_the_longest_socket_path_and_one_more():
    assert pipe(Path("/" + "x" * 106))
    with pytest.raises(Refused) as caught:
        pipe(Path("/" + "x" * 107))
    assert caught.value.reason is Reason.POLICY_INVALID
