import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ringfence.edge.render import EdgeConfig, render
from ringfence.policy.places import places
from ringfence.problem import Reason, Refused

replace = msgspec.structs.replace
PATHS = ("/token", "/pages/*")


@pytest.fixture
def config(policy, where) -> EdgeConfig:
    return render(policy, where, PATHS)


def resources(content: bytes) -> dict[str, Any]:
    return {resource["name"]: resource for resource in json.loads(content)["resources"]}


def with_mtls(policy, **changes):
    return replace(policy, listeners=replace(policy.listeners, mtls=replace(policy.listeners.mtls, **changes)))


def test_the_same_policy_renders_the_same_bytes_and_another_does_not(policy, where, config):
    assert render(policy, where, PATHS) == config
    assert render(policy, where, ("/token",)).listeners != config.listeners


def test_every_listener_is_named(config):
    assert config.listener_names == ("public", "public-h3", "mtls")
    assert set(resources(config.listeners)) == {"public", "public-h3", "mtls"}


def test_administration_is_a_unix_socket_for_its_owner(config):
    admin = json.loads(config.bootstrap)["admin"]
    assert admin == {"address": {"pipe": {"path": "/srv/bank/state/run/edge.sock", "mode": 0o600}}}


def test_only_what_the_edge_itself_refuses_is_logged(config):
    assert b'"access_log"' not in config.bootstrap
    listeners = msgspec.json.decode(config.listeners)["resources"]
    logs = [each["filter_chains"][0]["filters"][-1]["typed_config"]["access_log"] for each in listeners]
    assert [len(log) for log in logs] == [1, 1, 1]
    assert all("via_upstream" in str(log[0]["filter"]) for log in logs)


def test_overload_counts_connections_of_all_listeners(config):
    manager = json.loads(config.bootstrap)["overload_manager"]
    monitors = {monitor["name"].rsplit(".", 1)[1]: monitor["typed_config"] for monitor in manager["resource_monitors"]}
    assert monitors["global_downstream_max_connections"]["max_active_downstream_connections"] == "10500"
    thresholds = {a["name"].rsplit(".", 1)[1]: a["triggers"][0]["threshold"]["value"] for a in manager["actions"]}
    assert thresholds == {
        "shrink_heap": 0.95,
        "stop_accepting_requests": 0.98,
        "reject_incoming_connections": 0.98,
    }


def test_workers_are_the_gateways_sockets(policy, where):
    five = replace(policy, gateway=replace(policy.gateway, workers=5))
    clusters = resources(render(five, where, PATHS).clusters)
    gateway = clusters["gateway"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    paths = [endpoint["endpoint"]["address"]["pipe"]["path"] for endpoint in gateway]
    assert paths == [f"/srv/bank/state/run/gw{number}.sock" for number in range(5)]
    assert len(clusters["oauth"]["load_assignment"]["endpoints"][0]["lb_endpoints"]) == 1


def test_no_key_and_no_certificate_stands_in_the_configuration(config):
    everything = config.bootstrap + config.listeners + config.clusters + b"".join(text for _, text in config.secrets)
    assert b"BEGIN" not in everything
    assert b"inline" not in everything
    assert [pair.key for pair in config.pairs] == [Path("/srv/bank/certs/server.key")] * 2
    assert config.authorities == (Path("/srv/bank/certs/ca.pem"),)


def test_without_mtls_there_is_one_listener_and_no_authority(policy, where):
    config = render(replace(policy, listeners=replace(policy.listeners, mtls=None)), where, PATHS)
    assert config.listener_names == ("public", "public-h3")
    assert (config.secrets, config.authorities) == ((), ())


@pytest.mark.parametrize(("self_signed", "expected"), [(True, "ACCEPT_UNTRUSTED"), (False, None)])
def test_unknown_authorities_are_taken_only_where_the_policy_says_so(policy, where, self_signed, expected):
    accepted = replace(policy.listeners.mtls.client_certificates, self_signed=self_signed)
    (secret,) = render(with_mtls(policy, client_certificates=accepted), where, PATHS).secrets
    judged = resources(secret[1])["client-authorities"]["validation_context"]
    assert judged.get("trust_chain_verification") == expected
    assert judged["trusted_ca"] == {"filename": "/srv/bank/state/edge/client-authorities.pem"}


@pytest.mark.parametrize(
    "changes",
    [{"udp_port": 9443}, {"client_certificates": None}],
    ids=["HTTP/3 with client certificates", "no client certificate could be accepted"],
)
def test_what_envoy_cannot_do_is_a_mistake_of_the_policy(policy, where, changes):
    if "client_certificates" in changes:
        changes = {
            "client_certificates": replace(policy.listeners.mtls.client_certificates, authorities=(), self_signed=False)
        }
    with pytest.raises(Refused) as caught:
        render(with_mtls(policy, **changes), where, PATHS)
    assert caught.value.reason is Reason.POLICY_INVALID


def test_a_socket_path_that_the_system_would_not_take_is_told(policy):
    with pytest.raises(Refused) as caught:
        render(policy, places(policy, Path("/srv") / ("x" * 100)), PATHS)
    assert caught.value.reason is Reason.POLICY_INVALID
