import pytest

from ringfence.oauth.endpoints import METHODS, Endpoint, issuer_paths, path_of, url_of
from ringfence.oauth.profile import compile_profile


def test_every_endpoint_has_methods():
    assert set(METHODS) == set(Endpoint)


@pytest.mark.parametrize(
    ("issuer", "paths"),
    [
        (
            "https://a.example",
            ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oauth/token"),
        ),
        (
            "https://a.example/x/y",
            (
                "/.well-known/oauth-authorization-server/x/y",
                "/x/y/.well-known/openid-configuration",
                "/x/y/oauth/token",
            ),
        ),
    ],
)
def test_where_the_well_known_part_goes(bank, issuer, paths):
    policy = bank.with_policy(issuer=issuer).policy
    profile = compile_profile(policy)
    assert paths == tuple(path_of(profile, e) for e in (Endpoint.METADATA, Endpoint.OIDC_METADATA, Endpoint.TOKEN))
    assert set(paths) < set(issuer_paths(policy))
    assert len(issuer_paths(policy)) == len(Endpoint)
    assert url_of(profile, Endpoint.TOKEN) == "https://a.example" + paths[2]


async def test_an_issuer_with_a_path_is_served_there(bank):
    other = bank.with_policy(issuer="https://bank.example/x")
    found = await other.client("1.1.1.1").get("https://bank.example/.well-known/oauth-authorization-server/x")
    assert found.json()["token_endpoint"] == "https://bank.example/x/oauth/token"
    assert (await other.client("1.1.1.1").get("https://bank.example/oauth/jwks")).status_code == 404
