import re

import pytest

from ringfence.edge.routes import UNSAFE_PATH, early_mutations, route_configuration


def only_host(configuration):
    (host,) = configuration["virtual_hosts"]
    return host


# RE2 and `re` read this pattern alike; the flow tests show it in Envoy.
@pytest.mark.parametrize(
    "path",
    ["//a", "/a//b", "/a//", "/.", "/..", "/./a", "/a/..", "/a/../b", "/..;a=b/c", "/a/.;x", "/%2e", "/a%2E", "/%2f",
     "/%252f", "/%25252F", "/%5c", "/%255C", "/a\\b", "/%00", "/%1f", "/%7F", "/%250a"],
)  # fmt: skip
def test_unsafe(path):
    assert re.fullmatch(UNSAFE_PATH, path)


@pytest.mark.parametrize(
    "path",
    ["/", "/a", "/a/", "/a.b", "/.well-known/x", "/..a", "/a../b", "/...", "/a;b/c", "/%20", "/%C3%A9", "/100%25"],
)
def test_safe(path):
    assert not re.fullmatch(UNSAFE_PATH, path)


def test_refusals_come_before_any_worker_and_the_gateway_last():
    routes = only_host(route_configuration("public", ("/token", "/pages/*"), http3_port=None))["routes"]
    assert [route["name"] for route in routes] == ["unsafe-path", "oauth", "oauth", "gateway"]
    assert routes[0]["direct_response"] == {"status": 400}
    assert routes[1]["match"] == {"path": "/token"}
    assert routes[2]["match"] == {"prefix": "/pages/"}


def test_only_what_reached_nobody_is_tried_again():
    for route in only_host(route_configuration("mtls", ("/token",), http3_port=None))["routes"][1:]:
        policy = route["route"]["retry_policy"]
        assert set(policy["retry_on"].split(",")) == {"connect-failure", "refused-stream", "reset-before-request"}
        assert route["route"]["timeout"] == "0s"


def test_the_listener_and_the_peer_overwrite_what_stood_there():
    added = route_configuration("mtls", (), http3_port=None)["request_headers_to_add"]
    assert {row["append_action"] for row in added} == {"OVERWRITE_IF_EXISTS_OR_ADD"}
    assert {row["header"]["key"]: row["header"]["value"] for row in added} == {
        "x-ringfence-listener": "mtls",
        "x-ringfence-peer": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        "x-ringfence-verified-issuer": "%DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256%",
    }


def test_our_own_names_are_dropped_on_arrival():
    (extension,) = early_mutations()
    matchers = [row["remove_on_match"]["key_matcher"] for row in extension["typed_config"]["mutations"]]
    for matcher in (
        {"prefix": "x-ringfence-"},
        {"prefix": "x-forwarded-"},
        {"prefix": "x-envoy-"},
        {"exact": "forwarded"},
    ):
        assert matcher in matchers


def test_http3_is_announced_where_it_is_spoken():
    def told(port):
        rows = route_configuration("public", (), http3_port=port)["response_headers_to_add"]
        return {row["header"]["key"]: row["header"]["value"] for row in rows}

    assert told(8443)["alt-svc"] == 'h3=":8443"; ma=86400'
    assert "alt-svc" not in told(None)
