"""Attacks on the authorization server by who has a client, a network or somebody else's values."""

import asyncio
import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.oauth.cookies import KNOWN
from ringfence.oauth.revoke import revoke_grant
from ringfence.store.model import User

MTLS = "https://mtls.bank.example"
EVERYWHERE = ("/oauth/par", "/oauth/token", "/oauth/introspect", "/oauth/revoke")


@pytest.mark.parametrize("planted", ["evil", "x\r\nset-cookie: a=b", "ü\u2028", "a&ticket=0", "other"])
async def test_a_request_parameter_beside_the_request_uri_leads_nowhere(bank, planted):
    """RFC 9101's `request` is the name of our own pages' parameter; it once came back in the redirect, line feeds and all."""
    if planted == "other":
        planted = (await bank.other.pushed_uri()).rpartition(":")[2]
    uri = await bank.partner.pushed_uri()
    answer = await bank.http.get(
        "/oauth/authorize", params={"client_id": bank.partner.client_id, "request_uri": uri, "request": planted}
    )
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["request"] == [uri.rpartition(":")[2]]
    assert len(query["ticket"]) == 1
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, uri, request=planted)
    assert (await browser.log_in(page)).is_consent


@pytest.mark.parametrize("first", EVERYWHERE)
async def test_an_assertion_works_once_whatever_the_endpoint(bank, first):
    assertion = bank.partner.assertion()
    form = {"token": "x", "grant_type": "client_credentials", "scope": "accounts", "client_assertion": assertion}
    await bank.partner.post(first, form)
    for path in EVERYWHERE:
        answer = await bank.partner.post(path, form, {"dpop": bank.partner.proof(path)})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), path


async def test_an_assertion_stays_used_when_the_clock_is_set_back(bank):
    form = {"token": "x", "client_assertion": bank.partner.assertion()}
    assert (await bank.partner.post("/oauth/introspect", form)).status_code == 200
    bank.clock.forward(-30)
    assert (await bank.partner.post("/oauth/introspect", form)).status_code == 401


def forged(claims: dict, key: JWK, **header) -> str:
    jws = JWS(json.dumps(claims))
    jws.allowed_algs = ["HS256", "ES256", "RS256"]
    jws.add_signature(key, None, json.dumps(header), None)
    return str(jws.serialize(compact=True))


async def test_keys_and_algorithms_that_are_not_the_client_s(bank):
    now = int(bank.clock.now)
    name = bank.partner.client_id
    claims = {"iss": name, "sub": name, "aud": "https://bank.example", "jti": "j" * 20, "iat": now, "exp": now + 60}
    kid = bank.partner.key.kid
    public = json.dumps(bank.partner.key.export_public(as_dict=True)).encode()
    secret = JWK(kty="oct", k=base64.urlsafe_b64encode(public).decode().rstrip("="))
    stranger = JWK.generate(kty="EC", crv="P-256", kid=kid)
    attempts = {
        "another key of the same kid": forged(claims, stranger, alg="ES256", kid=kid),
        "its own key in the header": forged(claims, stranger, alg="ES256", jwk=stranger.export_public(as_dict=True)),
        "the public key as a secret": forged(claims, secret, alg="HS256", kid=kid),
        "a proof in its place": bank.partner.proof("/oauth/introspect", key=bank.partner.key),
        "an access token's type": bank.partner.assertion(header={"typ": "at+jwt"}),
        "a request object's type": bank.partner.assertion(header={"typ": "oauth-authz-req+jwt"}),
        "another client's name in it": bank.partner.assertion(iss="client_two", sub="client_two"),
        "two issuers": bank.partner.assertion(aud=["https://bank.example", "https://evil.example"]),
        "the endpoint as audience": bank.partner.assertion(aud="https://bank.example/oauth/introspect"),
        "the mTLS address as audience": bank.partner.assertion(aud=MTLS),
        "a slash more": bank.partner.assertion(aud="https://bank.example/"),
    }
    for what, assertion in attempts.items():
        answer = await bank.partner.post("/oauth/introspect", {"token": "x", "client_assertion": assertion})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), what


async def test_a_proof_for_one_listener_is_not_one_for_the_other(bank):
    """mTLS alias confusion: `htu` is where the call came in, not what the Host field says."""
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    mtls = bank.client("203.0.113.9", **{"x-ringfence-listener": "mtls"})
    for client, good, bad in ((bank.http, "", MTLS), (mtls, MTLS, "")):
        for host in ("bank.example", "mtls.bank.example", "evil.example"):
            data = bank.partner.authenticated(form)
            refused = await client.post(
                "/oauth/token", data=data, headers={"dpop": bank.partner.proof(f"{bad}/oauth/token"), "host": host}
            )
            assert refused.json()["error"] == "invalid_dpop_proof"
        data = bank.partner.authenticated(form)
        taken = await client.post(
            "/oauth/token", data=data, headers={"dpop": bank.partner.proof(f"{good}/oauth/token"), "host": "evil"}
        )
        assert taken.status_code == 200, taken.text


async def test_a_certificate_is_not_looked_at_on_the_public_listener(bank):
    partner = type(bank.partner)(bank, "client_mtls")
    await bank.register(partner, binding="mtls")
    forged_field = {"x-forwarded-client-cert": f"Hash={'a' * 64}"}
    form = {"grant_type": "client_credentials", "scope": "accounts"}
    answer = await partner.post("/oauth/token", form, forged_field)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "mTLS address" in answer.json()["error_description"]


async def test_nothing_is_issued_for_what_has_ended(bank):
    browser = bank.browser()
    ended = await bank.partner.code(browser)
    (grant,) = await bank.ports.records.list_grants()
    await revoke_grant(grant.grant_id, "test", bank.ports, bank.clock.now)
    assert (await bank.partner.token(bank.partner.redemption(ended))).json()["error"] == "invalid_grant"

    body = (await bank.partner.token(bank.partner.redemption(await bank.partner.code(browser)))).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert (await bank.other.token(refresh)).json()["error"] == "invalid_grant"
    assert (await bank.other.post("/oauth/revoke", {"token": body["refresh_token"]})).status_code == 400
    assert (await bank.other.post("/oauth/revoke", {"token": body["access_token"]})).status_code == 400
    assert (await bank.partner.token(refresh)).status_code == 200
    assert (await bank.partner.token(refresh | {"refresh_token": body["access_token"]})).status_code == 400
    bank.clock.forward(bank.server.profile.lifetimes.refresh_token_seconds)
    assert (await bank.partner.token(refresh)).json()["error"] == "invalid_grant"


async def test_a_grant_that_is_revoked_while_its_code_is_redeemed_gives_nothing_that_works(bank):
    for _ in range(8):
        code = await bank.partner.code(bank.browser())
        (grant,) = [grant for grant in await bank.ports.records.list_grants() if grant.revoked_at is None]
        answer, _ = await asyncio.gather(
            bank.partner.token(bank.partner.redemption(code)),
            revoke_grant(grant.grant_id, "test", bank.ports, bank.clock.now),
        )
        if answer.status_code == 200:
            body = answer.json()
            assert (await bank.partner.userinfo(body["access_token"])).status_code == 401
            refresh = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
            assert (await bank.partner.token(refresh)).status_code == 400
        bank.clock.forward(30)


async def test_tokens_of_one_kind_are_not_tokens_of_another(bank):
    body = (await bank.partner.token(bank.partner.redemption(await bank.partner.code()))).json()
    for token in (body["id_token"], body["refresh_token"], bank.partner.assertion(), bank.partner.proof("/x")):
        assert (await bank.partner.userinfo(token)).status_code == 401
    own = (await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})).json()
    assert (await bank.partner.userinfo(own["access_token"])).status_code == 403


async def test_allow_and_deny_at_once_and_two_tabs(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    answers = await asyncio.gather(*(browser.submit(page, decision=d) for d in ("allow", "deny") * 5))
    assert sorted(one.answer.status_code for one in answers) == [303] + [400] * 9
    tabs = [await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri()) for _ in range(2)]
    for tab in reversed(tabs):
        assert (await browser.submit(tab, decision="allow")).answer.status_code == 303


async def test_a_session_that_ends_while_the_page_is_open_decides_nothing(bank):
    browser = bank.browser()
    page = await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    browser.http.cookies.delete("__Host-ringfence-session")
    again = await browser.submit(page, decision="allow")
    assert again.is_login
    assert not await bank.ports.records.list_grants()


async def guess(bank, address: str, page, name: str = "mia") -> int:
    browser = bank.browser(address)
    page = await browser.visit(bank.partner.client_id, page)
    return (await browser.log_in(page, name, "wrong")).answer.status_code


async def test_guesses_from_everywhere_do_not_shut_the_owner_out(bank):
    """Sixty guesses from as many networks use up what one name may take; the owner's browser has its own measure."""
    owner, tom = bank.browser("198.51.100.1"), bank.browser("198.51.100.2")
    uri = await bank.partner.pushed_uri()
    await bank.ports.records.add_user(
        User(user_id="user_tom", username="tom", password_hash="right", created_at=bank.clock.now)
    )
    await owner.log_in(await owner.visit(bank.partner.client_id, uri))
    await tom.log_in(await tom.visit(bank.partner.client_id, uri), "tom")
    statuses = [await guess(bank, f"203.0.113.{n}", uri) for n in range(62)]
    assert statuses[-1] == 429
    bank.clock.forward(1)
    fresh = await bank.partner.pushed_uri(prompt="login")
    stranger = bank.browser("192.0.2.1")
    assert (await stranger.log_in(await stranger.visit(bank.partner.client_id, fresh))).answer.status_code == 429
    # a browser that is known to another customer is a stranger to this one
    assert (await tom.log_in(await tom.visit(bank.partner.client_id, fresh))).answer.status_code == 429
    assert (await owner.log_in(await owner.visit(bank.partner.client_id, fresh))).is_consent


async def test_a_known_browser_guesses_no_faster(bank):
    browser = bank.browser()
    await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    assert KNOWN in browser.http.cookies
    bank.clock.forward(1)
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri(prompt="login"))
    statuses = [(await browser.log_in(page, "mia", "wrong")).answer.status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


async def test_who_may_introspect_everything_is_given_nothing(bank):
    resource = type(bank.partner)(bank, "client_resource")
    await bank.register(resource, grant_types=(), scopes=(), redirect_uris=())
    body = await bank.partner.tokens()
    for form in (
        {"grant_type": "client_credentials", "scope": "accounts"},
        {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]},
    ):
        assert (await resource.token(form)).json()["error"] == "unauthorized_client"
    assert (await resource.push()).json()["error"] == "unauthorized_client"
    assert (await resource.post("/oauth/revoke", {"token": body["access_token"]})).status_code == 400
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 200
