import pytest

from ringfence.oauth.checks.pkce import require_challenge, require_verifier
from ringfence.problem import Reason, Refused

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_specification_s_example():
    assert require_challenge({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}) == CHALLENGE
    require_verifier({"code_verifier": VERIFIER}, CHALLENGE)


@pytest.mark.parametrize("method", ["plain", "", "s256", "S512"])
def test_no_downgrade(method):
    with pytest.raises(Refused) as caught:
        require_challenge({"code_challenge": CHALLENGE, "code_challenge_method": method})
    assert caught.value.reason is Reason.PKCE_REQUIRED


@pytest.mark.parametrize(
    "challenge", ["", CHALLENGE[:-1], CHALLENGE + "A", CHALLENGE[:-1] + "=", CHALLENGE[:-1] + "\n"]
)
def test_challenges_that_are_none(challenge):
    with pytest.raises(Refused):
        require_challenge({"code_challenge": challenge, "code_challenge_method": "S256"})


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 129, CHALLENGE, VERIFIER + "\n", VERIFIER[:-1] + "ä"])
def test_verifiers_that_do_not_belong(verifier):
    with pytest.raises(Refused) as caught:
        require_verifier({"code_verifier": verifier}, CHALLENGE)
    assert caught.value.reason is Reason.GRANT_INVALID
