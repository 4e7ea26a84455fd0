import msgspec
import pytest

from ringfence.oauth.registering import judge_metadata
from ringfence.oauth.trusted_statements import compile_registration
from ringfence.problem import Reason, Refused


def compiled(bank, **rule):
    oauth = msgspec.to_builtins(bank.policy.oauth)
    oauth["registration"] = {"require": ["invitation"]} | rule
    return compile_registration(bank.with_policy(oauth=oauth).policy)


def document(bank, **members):
    said = {"client_name": "Kestrel", "redirect_uris": ["https://a.example/cb"], "scope": "openid accounts"}
    return said | {"jwks": bank.partner.jwks} | members


async def judge(bank, said, **rule):
    return await judge_metadata(said, {}, compiled(bank, **rule), bank.web, "client_x", bank.clock.now)


async def test_a_client_is_made(bank):
    judged = await judge(bank, document(bank, software_id="k"))
    assert (judged.client.client_id, judged.client.name_key) == ("client_x", "kestrel")
    assert (judged.client.grant_types, judged.client.binding) == (("authorization_code",), "dpop")
    assert (judged.described, judged.logo) == ({"software_id": "k"}, None)


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        ({"scopes": ["openid"]}, {}),
        ({"grant_types": ["client_credentials"]}, {}),
        ({"authentication": ["tls_client_auth"]}, {}),
        ({}, {"grant_types": []}),
        ({}, {"grant_types": ["refresh_token"]}),
    ],
)
async def test_the_policy_says_what_clients_may_register(bank, rule, members):
    with pytest.raises(Refused) as refused:
        await judge(bank, document(bank, **members), **rule)
    assert refused.value.reason is Reason.CLIENT_METADATA


async def test_scopes_of_the_rule_alone(bank):
    judged = await judge(bank, document(bank, scope="openid"), scopes=["openid"])
    assert judged.client.scopes == ("openid",)
