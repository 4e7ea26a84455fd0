from typing import Any

import msgspec
import pytest

from ringfence.clients.algorithms import check_algorithms, taken
from ringfence.clients.new_client import NewClient
from ringfence.problem import Refused

ALLOWED = ("ES256", "PS256")
KEYS = {"keys": [{"alg": "ES256"}]}


def place(keys: dict[str, Any] = KEYS, **members: Any) -> str:
    with pytest.raises(Refused) as refused:
        check_algorithms(msgspec.convert({"name": "x"} | members, NewClient), keys, ALLOWED)
    return refused.value.faults[0].at


@pytest.mark.parametrize("member", ["assertion_algorithm", "request_object_algorithm", "dpop_algorithm"])
@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "EdDSA", "es256"])
def test_only_the_policys_algorithms(member: str, algorithm: str) -> None:
    assert place(**{member: algorithm}) == f"/{member}"


def test_an_algorithm_that_nothing_could_be_signed_with() -> None:
    assert place(assertion_algorithm="PS256") == "/assertion_algorithm"
    assert place(request_object_algorithm="PS256") == "/request_object_algorithm"
    assert place(assertion_algorithm="ES256", authentication="tls_client_auth") == "/assertion_algorithm"
    assert place(dpop_algorithm="ES256", binding="mtls") == "/dpop_algorithm"


def test_what_fits() -> None:
    check_algorithms(NewClient(name="x"), KEYS, ALLOWED)
    check_algorithms(NewClient(name="x", assertion_algorithm="ES256", dpop_algorithm="PS256"), KEYS, ALLOWED)
    check_algorithms(NewClient(name="x", assertion_algorithm="PS256"), {}, ALLOWED)


def test_what_is_verified_with() -> None:
    assert taken("", ("ES256", "EdDSA")) == ("ES256", "EdDSA")
    assert taken("EdDSA", ("ES256", "EdDSA")) == ("EdDSA",)
    assert taken("PS256", ("ES256", "EdDSA")) == ()
