"""Through the real edge: a customer withdraws, and the very next call is refused; a client asks after its grants."""

import json
import time

import pytest
from running_installation import Running

pytestmark = pytest.mark.flow


def test_what_a_customer_withdraws_ends_at_the_next_call(running: Running) -> None:
    pushed = running.partner.push(("accounts",))
    tokens = running.partner.redeem(running.customer.consent(running.partner.authorization_url(pushed)), pushed)
    url = running.installation.accounts_url
    assert running.partner.call("GET", url, tokens).status_code == 200
    page = running.customer.open(f"{running.installation.issuer}/oauth/my/grants")
    newest = next(form for name, form in page.forms.items() if name.startswith("grant_"))
    page = running.customer._browser.submit(page, newest, {})
    assert newest.action.endswith("/oauth/my/withdraw")
    refused = running.partner.call("GET", url, tokens)
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:ringfence:problem:token-revoked")
    assert running.partner.call("GET", url, running.tokens).status_code == 200
    expected, until = ["AwaitingAuthorisation", "Authorised", "Revoked"], time.monotonic() + 10
    while states(running)[-3:] != expected:
        assert time.monotonic() < until, states(running)
        time.sleep(0.1)


def states(running: Running) -> list[str]:
    """States that consents came to; events arrive in batches."""
    return [event["state"] for event in running.events("consent.moved.v1")]


def test_the_edge_leads_grants_to_the_authorization_server(running: Running) -> None:
    with running.installation.http() as http:
        answer = http.get(f"{running.installation.issuer}/oauth/grants/grant_x")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("DPoP ")
        beside = http.get(f"{running.installation.issuer}/oauth/grants/")
        assert beside.status_code == 404
        found = http.get(f"{running.installation.issuer}/.well-known/oauth-authorization-server").json()
    assert found["authorization_details_types_supported"] == ["payment"]
    assert json.dumps(found).count("/oauth/grants") == 2
