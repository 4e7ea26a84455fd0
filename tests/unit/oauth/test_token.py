from ringfence.oauth.grants import GRANT_TYPES
from ringfence.oauth.token import issue_tokens


def test_each_grant_type_once():
    names = [grant_type.name for grant_type in GRANT_TYPES]
    assert names == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    assert issue_tokens.__name__ == "issue_tokens"


async def test_the_event_says_what_was_granted(bank):
    await bank.partner.tokens()
    event = bank.events.of("TokenDecided")[-1]
    (grant,) = await bank.ports.records.list_grants()
    assert (event.grant, event.user, event.grant_type) == (grant.grant_id, "user_mia", "authorization_code")
    assert event.scopes == ("openid", "accounts")
