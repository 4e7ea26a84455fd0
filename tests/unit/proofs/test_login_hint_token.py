from typing import Any

import pytest

from ringfence.clock import Instant
from ringfence.problem import Reason, Refused
from ringfence.proofs.login_hint_token import NamedSubject, verify_login_hint_token

NOW = Instant(1_760_000_000.0)
ISSUER = "https://as.bank.example"


def check(signer, **members: Any) -> NamedSubject:
    made = {
        "iss": "client_1",
        "aud": ISSUER,
        "exp": int(NOW) + 60,
        "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "user_1"},
    } | members
    raw = signer.sign({"alg": signer.alg}, {k: v for k, v in made.items() if v is not None})
    return verify_login_hint_token(
        raw,
        client_keys={signer.public.kid: signer.public},
        client_id="client_1",
        issuer=ISSUER,
        algorithms=("ES256", "PS256", "EdDSA"),
        now=NOW,
        skew=30.0,
    )


def test_both_formats(signer):
    assert check(signer) == NamedSubject(subject="user_1")
    assert check(signer, aud=["x", ISSUER], sub_id={"format": "opaque", "id": "mia"}) == NamedSubject(username="mia")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"exp": int(NOW) - 30}, Reason.LOGIN_HINT_EXPIRED),
        ({"exp": None}, Reason.OAUTH_REQUEST),
        ({"iss": "client_2"}, Reason.OAUTH_REQUEST),
        ({"aud": ["x"]}, Reason.OAUTH_REQUEST),
        ({"sub": "client_1"}, Reason.OAUTH_REQUEST),
        ({"iat": int(NOW) + 31}, Reason.OAUTH_REQUEST),
        ({"sub_id": "mia"}, Reason.OAUTH_REQUEST),
        ({"sub_id": {"format": "opaque", "id": ""}}, Reason.OAUTH_REQUEST),
        ({"sub_id": {"format": "opaque", "id": 1}}, Reason.OAUTH_REQUEST),
        ({"sub_id": {"format": "iss_sub", "iss": "x", "sub": "user_1"}}, Reason.OAUTH_REQUEST),
    ],
)
def test_what_names_nobody(es256, members, reason):
    with pytest.raises(Refused) as refused:
        check(es256, **members)
    assert refused.value.reason is reason
