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


def test_no_worker_is_passed_over_for_what_its_predecessor_failed():
    # Seen: the first worker, just restarted, was still passed over when the second was killed, and calls failed.
    settings = cluster("gateway", [Path("/a"), Path("/b")], 10)
    assert "outlier_detection" not in settings
    assert "health_checks" not in settings


def test_calls_are_limited():
    (limits,) = cluster("gateway", [Path("/s")], 10)["circuit_breakers"]["thresholds"]
    assert set(limits.values()) == {10}


def test_the_longest_socket_path_and_one_more():
    assert pipe(Path("/" + "x" * 106))
    with pytest.raises(Refused) as caught:
        pipe(Path("/" + "x" * 107))
    assert caught.value.reason is Reason.POLICY_INVALID
