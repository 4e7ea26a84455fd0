from pathlib import Path

from ringfence.policy.places import places


class Written:
    state = "var/state"
    keys = "/etc/keys"


def test_relative_paths_start_at_the_policys_directory_and_absolute_ones_stay():
    where = places(Written(), Path("/srv/bank"))
    assert where.state == Path("/srv/bank/var/state")
    assert where.keys == Path("/etc/keys")
    assert where.file("openapi.yaml") == Path("/srv/bank/openapi.yaml")
    assert where.file("/opt/openapi.yaml") == Path("/opt/openapi.yaml")


def test_a_relative_root_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert places(Written(), Path()).records == tmp_path / "var/state/records.db"


def test_no_two_things_lie_in_one_place():
    where = places(Written(), Path("/srv"))
    everything = [
        where.gateway_socket(0),
        where.gateway_socket(1),
        where.oauth_socket,
        where.admin_socket,
        where.edge_admin_socket,
        where.edge,
        where.records,
        where.events,
        where.events_spill,
        where.fast,
        where.jwks,
        where.signing_key,
        where.signer_ledger,
        where.root_key,
        where.published("message-signature"),
        where.signer_socket("oauth"),
        where.signer_socket("admin"),
    ]
    assert len(set(everything)) == len(everything)
    assert where.published("token") == where.jwks
    assert where.gateway_socket(0).parent == where.sockets
