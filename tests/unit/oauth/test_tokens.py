import pytest

from ringfence.clock import Instant
from ringfence.oauth.exchange import Binding
from ringfence.oauth.tokens import Granted, access_token_claims, id_token_claims, lifetime
from ringfence.store.model import Client

NOW = Instant(1000.9)


def granted(seconds=0, ends_at=None, user="user_a"):
    client = Client(client_id="c", name="C", access_token_seconds=seconds, created_at=NOW)
    return Granted(client, "g", user, ("a",), Binding(jkt="j"), ends_at, Instant(900.5))


@pytest.mark.parametrize(
    ("seconds", "ends_at", "expected"),
    [(0, None, 300), (60, None, 60), (999, None, 300), (0, Instant(1100.9), 100), (60, Instant(1030.9), 30)],
)
def test_the_shortest_life_counts(bank, seconds, ends_at, expected):
    assert lifetime(granted(seconds, ends_at), bank.server, NOW) == expected


def test_claims_of_an_access_token(bank):
    claims = access_token_claims(granted(), bank.server, NOW)
    assert claims.pop("jti") != access_token_claims(granted(), bank.server, NOW)["jti"]
    assert claims == {
        "iss": "https://bank.example",
        "aud": "urn:bank:apis",
        "sub": "user_a",
        "client_id": "c",
        "iat": 1000,
        "exp": 1300,
        "scope": "a",
        "grant_id": "g",
        "cnf": {"jkt": "j"},
        "auth_time": 900,
        "acr": "urn:ringfence:acr:password",
    }


def test_claims_of_an_id_token(bank):
    claims = id_token_claims(granted(), bank.server, NOW, "")
    assert "nonce" not in claims
    assert (claims["aud"], claims["sub"], claims["auth_time"], claims["exp"]) == ("c", "user_a", 900, 1300)
    assert id_token_claims(granted(), bank.server, NOW, "n")["nonce"] == "n"
