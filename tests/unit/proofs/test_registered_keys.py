import pytest

from ringfence.problem import Reason
from ringfence.proofs.jws import Kind
from ringfence.proofs.registered_keys import registered_key

KIND = Kind("thing", Reason.TOKEN_MALFORMED, Reason.TOKEN_ALGORITHM, Reason.TOKEN_SIGNATURE)
ALL = ("ES256", "PS256", "EdDSA")


def test_by_kid_or_the_only_one_of_its_algorithm(signers):
    keys = {"a": signers["ES256"].public, "b": signers["PS256"].public}
    assert registered_key({"alg": "ES256", "kid": "a"}, keys, ALL, KIND) is keys["a"]
    assert registered_key({"alg": "PS256"}, keys, ALL, KIND) is keys["b"]


@pytest.mark.parametrize("kid", ["c", "", None, 1, ["a"]])
def test_an_unknown_kid_falls_back_to_nothing(es256, refusal, kid):
    keys = {"a": es256.public}
    assert refusal(registered_key, {"alg": "ES256", "kid": kid}, keys, ALL, KIND) is Reason.TOKEN_SIGNATURE


def test_two_keys_of_one_algorithm_need_a_kid(es256, refusal):
    keys = {"a": es256.public, "b": es256.public}
    assert refusal(registered_key, {"alg": "ES256"}, keys, ALL, KIND) is Reason.TOKEN_SIGNATURE
    assert refusal(registered_key, {"alg": "ES256"}, {}, ALL, KIND) is Reason.TOKEN_SIGNATURE


@pytest.mark.parametrize("alg", ["HS256", "none", "RS256", "PS256", "es256"])
def test_the_header_chooses_no_algorithm(es256, refusal, alg):
    keys = {"a": es256.public}
    assert refusal(registered_key, {"alg": alg, "kid": "a"}, keys, ALL, KIND) is Reason.TOKEN_ALGORITHM


def test_an_algorithm_that_the_policy_does_not_take(es256, refusal):
    keys = {"a": es256.public}
    for allowed in (("PS256",), ()):
        assert refusal(registered_key, {"alg": "ES256", "kid": "a"}, keys, allowed, KIND) is Reason.TOKEN_ALGORITHM
