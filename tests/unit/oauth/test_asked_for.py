import pytest

from ringfence.oauth.endpoints import METHODS, Endpoint
from ringfence.oauth.steps import ASKING


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/bc-authorize"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid nothing"}, "invalid_scope"),
        ({"scope": "openid grant_management_query"}, "invalid_scope"),
        ({"acr_values": "urn:none"}, "unmet_authentication_requirements"),
        ({"authorization_details": '[{"type": "none"}]'}, "invalid_authorization_details"),
    ],
)
async def test_the_same_is_refused_with_and_without_a_redirect(ciba, path, changes, error):
    form = ciba.request() | {"login_hint": "mia", "binding_message": "m", "client_notification_token": "t" * 30}
    answer = await ciba.post(path, form | changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/bc-authorize"])
async def test_a_client_has_to_be_registered_for_the_way(bank, ciba, path):
    other = type(ciba)(bank, "client_cc")
    await bank.register(other, grant_types=("client_credentials",))
    assert (await other.post(path, other.request())).json()["error"] == "unauthorized_client"


def test_each_way_has_its_grant_type():
    assert {Endpoint.PAR, Endpoint.BACKCHANNEL} == ASKING
    assert all(METHODS[endpoint] == ("POST",) for endpoint in ASKING)
