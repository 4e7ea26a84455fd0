from pathlib import Path

import msgspec
import pytest

from ringfence.edge.listeners import listeners, stream_idle_seconds

replace = msgspec.structs.replace


def rendered(policy):
    return {
        each["name"]: each
        for each in listeners(policy, lambda name: Path(f"/e/sds-{name}.json"), ("/token",), Path("/e/refused"))
    }


def manager(listener):
    return listener["filter_chains"][0]["filters"][-1]["typed_config"]


@pytest.mark.parametrize("name", ["public", "public-h3", "mtls"])
def test_the_settings_that_every_listener_must_have(policy, name):
    listener = rendered(policy)[name]
    settings = manager(listener)
    assert listener["per_connection_buffer_limit_bytes"] == 32_768
    assert settings["use_remote_address"] is True
    assert settings["xff_num_trusted_hops"] == 0
    assert settings["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    assert (settings["normalize_path"], settings["merge_slashes"]) == (False, False)
    assert settings["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"
    assert settings["common_http_protocol_options"]["max_headers_count"] == 100
    assert settings["max_request_headers_kb"] == 32
    assert settings["request_headers_timeout"] == "10s"
    assert settings["request_timeout"] == "60s"
    assert "upgrade_configs" not in settings
    assert settings["access_log"][0]["typed_config"]["path"] == "/e/refused"
    assert settings["http_filters"][-1]["typed_config"]["suppress_envoy_headers"] is True
    assert settings["local_reply_config"]["mappers"]


def test_peer_certificates_are_told_by_the_mtls_listener_only(policy):
    found = rendered(policy)
    assert manager(found["mtls"])["forward_client_cert_details"] == "SANITIZE_SET"
    for name in ("public", "public-h3"):
        assert manager(found[name])["forward_client_cert_details"] == "SANITIZE"
        assert "set_current_client_cert_details" not in manager(found[name])


def test_connections_are_limited_by_listener(policy):
    limit = rendered(policy)["public"]["filter_chains"][0]["filters"][0]["typed_config"]
    assert limit["max_connections"] == "500"


def test_http2_is_limited(policy):
    options = manager(rendered(policy)["public"])["http2_protocol_options"]
    assert options["max_concurrent_streams"] == 100
    assert options["initial_stream_window_size"] == 65_536
    assert options["initial_connection_window_size"] == 1_048_576
    assert options["allow_connect"] is False


def test_ports_and_protocols_are_the_policys(policy):
    found = rendered(policy)
    assert found["public"]["address"]["socket_address"]["port_value"] == 8443
    assert found["public-h3"]["address"]["socket_address"]["protocol"] == "UDP"
    assert found["mtls"]["enable_reuse_port"] is False


def test_a_part_of_a_kilobyte_of_headers_is_given_whole(policy):
    odd = replace(policy, gateway=replace(policy.gateway, max_header_bytes=1025))
    assert manager(rendered(odd)["public"])["max_request_headers_kb"] == 2


def test_the_edge_waits_longer_than_the_slowest_upstream(policy):
    assert stream_idle_seconds(policy) == 107  # 2 s to connect, 90 s to answer, 15 s for the worker to say so
    assert manager(rendered(policy)["public"])["stream_idle_timeout"] == "107s"
