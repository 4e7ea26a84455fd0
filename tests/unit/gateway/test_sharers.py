import pytest
from calls import operation, token

from ringfence.gateway.sharers import LONGEST_PLAIN_IDENTITY, identity, key
from ringfence.policy.limits_model import Sharer


@pytest.mark.parametrize(
    ("per", "who"),
    [
        ("client", "client_a"),
        ("user", "user_a"),
        ("grant", "grant_a"),
        ("consent", "consent_a"),
        ("network", "192.0.2.7"),
        ("operation", "client_a|bank/v1|GetA"),
        ("everyone", ""),
    ],
)
def test_who_shares(per: Sharer, who: str) -> None:
    assert identity(per, token(consent_id="consent_a"), operation(), "192.0.2.7") == who


@pytest.mark.parametrize("per", ["user", "grant", "consent"])
def test_a_new_token_of_a_client_alone_is_no_new_limit(per: Sharer) -> None:
    first, second = (
        identity(per, token(user_id="", grant_id="", consent_id="", jti=jti), operation(), "") for jti in ("1", "2")
    )
    assert first == second == "client|client_a"
    assert identity(per, token(user_id="client_a", grant_id="client_a"), operation(), "") != first


def test_a_grants_new_consent_is_its_own_and_no_consent_is_the_grant() -> None:
    assert identity("consent", token(consent_id=""), operation(), "") == "grant_a"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002::1%eth0", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
    ],
)
def test_who_has_a_whole_network_is_one_network(one: str, other: str, same: bool) -> None:
    assert (identity("network", token(), operation(), one) == identity("network", token(), operation(), other)) is same


def test_no_identity_makes_a_long_key_or_another_limits() -> None:
    assert len(key("r", "c" * 5000)) < LONGEST_PLAIN_IDENTITY
    assert key("r", "c" * 5000) != key("r", "c" * 5001)
    assert key("a", "b|c") != key("a|b", "c"[:0])
    assert identity("operation", token(client_id="a|bank/v1"), operation(), "").count("|") == 3
