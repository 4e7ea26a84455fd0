from pathlib import Path

import msgspec

from ringfence.app.roles import roles
from ringfence.policy.export_model import Export, FileSink
from ringfence.policy.load import LoadedPolicy


def test_every_worker_is_a_role_of_its_own_and_the_edge_comes_last(loaded: LoadedPolicy) -> None:
    policy = msgspec.structs.replace(loaded.policy, gateway=msgspec.structs.replace(loaded.policy.gateway, workers=3))
    found = roles(policy, loaded.places, Path("/p/ringfence.yaml"))
    assert [role.name for role in found] == [
        *("signer", "audit", "oauth", "admin", "watch", "gateway-0", "gateway-1", "gateway-2", "edge")
    ]
    assert [role.reloads for role in found] == [True] * 8 + [False]
    assert all("/p/ringfence.yaml" in role.command for role in found[:-1])


def test_events_are_exported_only_where_the_policy_names_a_sink(loaded: LoadedPolicy) -> None:
    export = Export(file={"siem": FileSink(path="x")})
    for policy, there in ((loaded.policy, False), (msgspec.structs.replace(loaded.policy, export=export), True)):
        assert ("export" in [role.name for role in roles(policy, loaded.places, Path("/p"))]) is there
