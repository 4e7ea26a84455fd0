import msgspec
import pytest
from jwcrypto.jwk import JWK

from ringfence.oauth.signals.transmitters import NoTransmitterFiles, compile_transmitters
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Unavailable
from tests.signal_transmitter import IDP, RULE


def compiled(bank, **changes):
    document = msgspec.to_builtins(bank.policy) | {"signals": {"transmitters": {"idp": RULE | changes}}}
    return compile_transmitters(msgspec.convert(document, type(bank.policy)))["idp"]


def test_a_transmitter_as_the_policy_has_it(bank):
    assert compile_transmitters(bank.policy) == {}
    known = compiled(bank)
    assert (known.name, known.rule.issuer, known.keys) == ("idp", IDP, {})
    assert known.audience == "https://bank.example/signals"
    assert compiled(bank, audience="").audience == "https://bank.example"


def test_keys_that_stand_in_the_policy_are_read_once(bank):
    key = JWK.generate(kty="RSA", size=2048, kid="a")
    known = compiled(bank, jwks={"keys": [key.export_public(as_dict=True)]}, jwks_uri="")
    assert known.keys["a"].algorithm == "RS256"


@pytest.mark.parametrize("jwk", [{}, {"kty": "oct", "k": "AAAA", "kid": "a"}, {"kty": "RSA", "kid": "a"}])
def test_keys_that_cannot_be_used_refuse_the_policy(bank, jwk):
    with pytest.raises(Refused) as refused:
        compiled(bank, jwks={"keys": [jwk]}, jwks_uri="")
    assert refused.value.reason is Reason.POLICY_INVALID
    assert "transmitter idp" in refused.value.detail


def test_where_nothing_is_received():
    with pytest.raises(Unavailable):
        NoTransmitterFiles().secret("x")
    with pytest.raises(Unavailable):
        NoTransmitterFiles().linked("x", "y")
