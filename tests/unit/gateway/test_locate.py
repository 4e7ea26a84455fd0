import msgspec
import pytest
from calls import operation, request
from test_identify import ACCEPTED

from ringfence.gateway.locate import locate
from ringfence.policy.operations import Match
from ringfence.problem import Reason, Refused


class Table:
    operations = ()

    def match(self, method: str, path: str) -> Match:
        return Match(operation(), {"id": "7"}, "/rest")


@pytest.mark.parametrize("host", ["api.example", "API.example", "api.example:443"])
def test_the_operation_is_found_under_our_host(host: str) -> None:
    found = locate(msgspec.structs.replace(request(), authority=host), Table(), ACCEPTED)
    assert (found.operation.operation_id, found.path_parameters, found.rest) == ("GetA", {"id": "7"}, "/rest")


@pytest.mark.parametrize(
    "host", ["evil.example", "api.example:8443", "api.example.evil.example", "", "api.example:4430"]
)
def test_any_other_host_is_misdirected(host: str) -> None:
    with pytest.raises(Refused) as refused:
        locate(msgspec.structs.replace(request(), authority=host), Table(), ACCEPTED)
    assert refused.value.reason is Reason.UNKNOWN_HOST
