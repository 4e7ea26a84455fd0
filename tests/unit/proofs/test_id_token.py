from typing import Any

import pytest

from ringfence.problem import Reason, Refused
from ringfence.proofs.id_token import IdTokenHint, verify_id_token_hint

ISSUER = "https://as.bank.example"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "sub": "user_1", "aud": "client_1", "exp": 1, "sid": "sid_1"}
HEADER = {"alg": "ES256", "typ": "JWT", "kid": "1"}


def test_an_expired_one_is_read(es256):
    raw = es256.sign(HEADER, CLAIMS)
    found = verify_id_token_hint(raw, {"1": es256.public}.get, issuer=ISSUER)
    assert found == IdTokenHint("user_1", "client_1", "sid_1", "1")


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "at+jwt"}, {}),
        ({"typ": "logout+jwt"}, {}),
        ({"kid": "2"}, {}),
        ({"kid": 1}, {}),
        ({"alg": "none"}, {}),
        ({"alg": "PS256"}, {}),
        ({}, {"iss": "https://other.example"}),
        ({}, {"events": {}}),
        ({}, {"client_id": "client_1"}),
        ({}, {"aud": ["client_1"]}),
        ({}, {"sub": ""}),
        ({}, {"sid": 1}),
    ],
)
def test_other_things_are_no_hints(es256, header, claims):
    raw = es256.sign(HEADER | header, CLAIMS | claims)
    with pytest.raises(Refused) as refused:
        verify_id_token_hint(raw, {"1": es256.public}.get, issuer=ISSUER)
    assert refused.value.reason is Reason.OAUTH_REQUEST


def test_another_key_does_not_make_one(es256, signer):
    raw = signer.sign({**HEADER, "alg": signer.alg}, CLAIMS)
    with pytest.raises(Refused):
        verify_id_token_hint(raw[:-4] + "AAAA", {"1": es256.public}.get, issuer=ISSUER)
