"""Attacks on the running authorization server: what thieves, forgers and other servers try.  FAPI 2.0 Attacker Model §5; RFC 9700."""

import hashlib
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from jwcrypto.jwk import JWK

from ringfence.demo.customer import CONSENT_FORM, LOGIN_FORM
from ringfence.demo.partner import Unexpected
from tests.conformance.edge.installed import Running
from tests.conformance.edge.partner import PAR, Partner, b64, digest, query_of, register, sign, verified
from tests.conformance.edge.variants import Variant

pytestmark = pytest.mark.flow

DPOP = Variant("private_key_jwt", "dpop", openid=True)
RSA = Variant("private_key_jwt", "dpop", openid=True, algorithm="PS256")
JARM = Variant("private_key_jwt", "dpop", openid=True, jarm=True, algorithm="EdDSA")
SIGNED = Variant("private_key_jwt", "dpop", openid=True, signed=True)
MTLS = Variant("tls_client_auth", "mtls", openid=False)
OWN = Variant("private_key_jwt", "dpop", openid=False, own=True)

NONE = b'{"alg":"none","typ":"at+jwt"}'


@pytest.fixture
def running(sqlite_installation: Running) -> Running:
    return sqlite_installation


@pytest.fixture
def victim(running: Running) -> Partner:
    return register(running, DPOP, 1)


@pytest.fixture
def thief(running: Running) -> Partner:
    """A client like any other, whose owner means harm."""
    return register(running, DPOP, 2)


def refused(answer: httpx.Response, *codes: str) -> None:
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"] in codes, answer.text


def test_mix_up(running: Running, victim: Partner) -> None:
    """Every answer says whose it is, so that a client sees when a code comes from another server.  RFC 9207 §2.4."""
    flow = victim.visit(victim.begin())
    assert query_of(flow.came_back)["iss"] == running.issuer
    silent = running.browser().open(victim.address(victim.begin(prompt="none").request_uri))
    assert (query_of(silent.url)["error"], query_of(silent.url)["iss"]) == ("login_required", running.issuer)
    # nothing that a browser brings along changes it
    flow = victim.visit(victim.begin(), iss="https://evil.example")
    assert query_of(flow.came_back)["iss"] == running.issuer
    # signed answers say it inside, once
    signed = register(running, JARM, 1)
    back = signed.visit(signed.begin()).came_back
    assert set(query_of(back)) == {"response"}
    assert verified(query_of(back)["response"], running)["iss"] == running.issuer


def test_cut_and_paste(victim: Partner, thief: Partner) -> None:
    """A stolen code, pasted into another session, another client, or sent with another key.  RFC 9700 §4.5."""
    stolen, mine = victim.visit(victim.begin(proof=True)), victim.visit(victim.begin(proof=True))
    form = victim.redemption(stolen)
    refused(victim.token(form | {"code_verifier": mine.verifier}), "invalid_grant")
    refused(thief.token(form), "invalid_grant")
    refused(thief.token(form | {"redirect_uri": thief.redirect_uri}), "invalid_grant")
    refused(victim.token(form | {"redirect_uri": thief.redirect_uri}), "invalid_grant")
    refused(victim.token(form, key=thief.dpop), "invalid_grant", "invalid_dpop_proof")
    assert victim.token(form).status_code == 200, "none of it cost the owner the code"


def test_pkce_downgrade(victim: Partner) -> None:
    """No challenge, a plain one, or a verifier that is the challenge itself.  RFC 9700 §4.8."""
    refused(victim.push(code_challenge=None), "invalid_request")
    refused(victim.push(code_challenge_method="plain"), "invalid_request")
    refused(victim.push(code_challenge_method=None), "invalid_request")
    refused(victim.push(code_challenge=""), "invalid_request")
    flow = victim.visit(victim.begin())
    form = victim.redemption(flow)
    for verifier in (digest(flow.verifier), "", None, flow.verifier[:-1], flow.verifier + "a"):
        refused(victim.token(form | {"code_verifier": verifier}), "invalid_grant")
    # in the browser's URL a challenge changes nothing
    other = "w" * 43
    flow = victim.visit(victim.begin(), code_challenge=digest(other), code_challenge_method="S256")
    refused(victim.token(victim.redemption(flow, code_verifier=other)), "invalid_grant")


def test_request_uri_swap(running: Running, victim: Partner, thief: Partner) -> None:
    """The thief's request in the victim's browser, or under the victim's name; a page that another browser opened."""
    flow, foreign = victim.begin(), thief.begin()
    swapped = running.http.get(victim.address(foreign.request_uri))
    assert (swapped.status_code, "location" in swapped.headers) == (400, False)
    first, second = running.installation.http(), running.installation.http()
    page = first.get(victim.address(flow.request_uri)).headers["location"]
    second.get(victim.address(flow.request_uri))
    url = running.issuer + page
    assert first.get(url).status_code == 200
    assert second.get(url).status_code == 400, "the page is bound to the browser that came by the front door"
    assert running.installation.http().get(url).status_code == 400


def test_request_uri_reuse(running: Running, victim: Partner) -> None:
    flow = victim.visit(victim.begin())
    for browser in (running.customer._browser, running.browser()):
        with pytest.raises(Unexpected, match="400"):
            browser.open(victim.address(flow.request_uri))
    guessed = victim.begin().request_uri[:-1] + "A"
    assert running.http.get(victim.address(guessed)).status_code == 400


def test_dpop_replay(victim: Partner, thief: Partner) -> None:
    """A proof works once, at one endpoint, with one method, for one token."""
    token = victim.tokens()["access_token"]
    at_token, at_resource = victim.proof(victim.endpoint("token_endpoint")), victim.proof(victim.resource, "GET", token)
    form = {"grant_type": "refresh_token", "refresh_token": victim.tokens()["refresh_token"]}
    assert victim.token(form, proof=at_token).status_code == 200
    refused(victim.token(form, proof=at_token), "invalid_dpop_proof")
    assert victim.call(token, proofs=[at_token]).status_code == 401
    assert victim.call(token, proofs=[at_resource]).status_code == 200
    assert victim.call(token, proofs=[at_resource]).status_code == 401
    refused(victim.token(form, proof=victim.proof(victim.resource, "GET", token)), "invalid_dpop_proof")
    # a stolen token with a proof of the thief's, or with a proof that the victim made for another token
    assert victim.call(token, proofs=[thief.proof(victim.resource, "GET", token)]).status_code == 401
    other = victim.tokens()["access_token"]
    assert victim.call(token, proofs=[victim.proof(victim.resource, "GET", other)]).status_code == 401
    # the other listener is another address
    alias = victim.running.metadata["mtls_endpoint_aliases"]["token_endpoint"]
    refused(victim.token(form, proof=victim.proof(alias)), "invalid_dpop_proof")


def test_algorithm_confusion(running: Running, victim: Partner, thief: Partner) -> None:
    """The key's record says the algorithm, never the header."""
    public = victim.key.export_public(as_dict=True)
    pem = JWK(**public).export_to_pem()
    header, payload, signature = victim.assertion().split(".")
    forged = [
        f"{b64(NONE)}.{payload}.",
        f"{b64(json.dumps({'alg': 'none', 'kid': public['kid']}).encode())}.{payload}.{signature}",
        f"{header}.{payload}.",
        victim.assertion(thief.key),
        victim.assertion(thief.key, header={"jwk": thief.key.export_public(as_dict=True)}),
        victim.assertion(thief.key, header={"jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"}),
        victim.assertion(thief.key, header={"kid": thief.key["kid"]}),
        victim.assertion(JWK.generate(kty="RSA", size=2048), "RS256"),
        victim.assertion(JWK.generate(kty="RSA", size=2048), "PS256"),
        *(victim.assertion(JWK(kty="oct", k=b64(secret)), "HS256") for secret in (pem, json.dumps(public).encode())),
    ]
    for assertion in forged:
        answer = victim.token({"grant_type": "refresh_token", "refresh_token": "x", "client_assertion": assertion})
        refused(answer, "invalid_client")
    # what is signed for one purpose is worth nothing for another
    tokens = victim.tokens()
    for jwt in (
        tokens["id_token"],
        tokens["access_token"],
        victim.proof(victim.endpoint(PAR)),
        victim.request_object(victim.asked("v" * 43), sub=victim.client_id, jti="x"),
    ):
        refused(
            victim.post(PAR, victim.pushed_form(victim.asked("v" * 43)) | {"client_assertion": jwt}), "invalid_client"
        )
    for jwt in (tokens["id_token"], victim.assertion(), tokens["refresh_token"]):
        assert victim.call(jwt).status_code == 401
    # the token itself, signed anew by a key of the thief's
    claims = verified(tokens["access_token"], running)
    kid = running.jwks["keys"][0]["kid"]
    for one in (
        sign(JWK.generate(kty="EC", crv="P-256"), "ES256", claims, kid=kid, typ="at+jwt"),
        sign(
            JWK(kty="oct", k=b64(json.dumps(running.jwks["keys"][0]).encode())), "HS256", claims, kid=kid, typ="at+jwt"
        ),
        f"{b64(NONE)}.{tokens['access_token'].split('.')[1]}.",
    ):
        assert victim.call(one).status_code == 401


def test_request_object_taken_for_another(running: Running, thief: Partner) -> None:
    """An assertion is no signed request, and a signed request of one client none of another."""
    signer = register(running, SIGNED, 1)
    for request in (signer.assertion(), thief.request_object(signer.asked("v" * 43))):
        answer = signer.post(PAR, {"client_id": signer.client_id, "request": request})
        refused(answer, "invalid_request_object")
    inside = signer.request_object(signer.asked("v" * 43), client_id=thief.client_id)
    refused(
        signer.post(PAR, {"client_id": signer.client_id, "request": inside}),
        "invalid_request_object",
        "invalid_request",
    )


@dataclass
class Listener:
    """Something inside the bank's network that nobody outside may reach."""

    port: int
    reached: list[str]


@pytest.fixture
def internal() -> Iterator[Listener]:
    server = socket.create_server(("127.0.0.1", 0))
    found = Listener(server.getsockname()[1], [])

    def accept() -> None:
        while True:
            try:
                peer, address = server.accept()
            except OSError:
                return
            found.reached.append(str(address))
            peer.close()

    threading.Thread(target=accept, daemon=True).start()
    yield found
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/jwks",
        "https://localhost:{port}/jwks",
        "https://[::1]:{port}/jwks",
        "https://[::ffff:127.0.0.1]:{port}/jwks",
        "https://2130706433:{port}/jwks",
        "https://0x7f.1:{port}/jwks",
        "http://127.0.0.1:{port}/jwks",
        "https://user@127.0.0.1:{port}/jwks",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ],
)
def test_keys_from_inside_the_bank(running: Running, internal: Listener, url: str) -> None:
    """A client's `jwks_uri` leads nowhere but to the public web: refused when it is registered, or when it is asked."""
    client = {
        "name": f"Fetcher {secrets.token_hex(3)}",
        "jwks_uri": url.format(port=internal.port),
        "redirect_uris": ["https://fetcher.example/callback"],
        "scopes": ["accounts"],
    }
    partner = Partner(running, DPOP, "https://fetcher.example/callback")
    try:
        partner.client_id = running.management.add_client(client)
    except Unexpected as why:
        told = str(why)
    else:
        answer = partner.push(scope="accounts")
        refused(answer, "invalid_client")
        assert str(internal.port) not in answer.text
        told = "/jwks_uri"
    assert "/jwks_uri" in told
    assert internal.reached == []


def test_assertion_replay_and_audience_injection(running: Running, victim: Partner) -> None:
    """An assertion works once, wherever; one that another server had made out to us as well does not (CVE-2025-27370)."""
    assertion = victim.assertion()
    asked = victim.pushed_form(victim.asked("v" * 43))
    assert victim.post(PAR, asked | {"client_assertion": assertion}).status_code == 201
    refused(victim.post(PAR, asked | {"client_assertion": assertion}), "invalid_client")
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion": assertion}
    refused(victim.token(form), "invalid_client")
    refused(victim.post("introspection_endpoint", {"token": "x", "client_assertion": assertion}), "invalid_client")
    refused(victim.post("revocation_endpoint", {"token": "x", "client_assertion": assertion}), "invalid_client")
    issuer = running.issuer
    for audience in (
        [issuer],
        [issuer, "https://evil.example"],
        ["https://evil.example", issuer],
        f"{issuer}/",
        f"{issuer}/oauth/token",
        f"{issuer} https://evil.example",
        issuer.upper(),
        f"{issuer}\u0000",
        {"0": issuer},
        None,
    ):
        refused(victim.post(PAR, asked | {"client_assertion": victim.assertion(aud=audience)}), "invalid_client")


def test_cuckoo_token(running: Running, postgres_installation: Running, victim: Partner) -> None:
    """A token of another authorization server, with the same client, key and customer's name, opens nothing here."""
    elsewhere = register(postgres_installation, RSA, 1)
    foreign = elsewhere.tokens()["access_token"]
    assert elsewhere.call(foreign).status_code == 200
    for url in (victim.resource, running.installation.accounts_url):
        proofs = [elsewhere.proof(url, "GET", foreign)]
        answer = running.http.get(url, headers=[("authorization", f"DPoP {foreign}"), ("dpop", proofs[0])])
        assert answer.status_code == 401, answer.text
    assert victim.post("introspection_endpoint", {"token": foreign}).json() == {"active": False}


def test_client_posing_as_a_user(running: Running) -> None:
    """A client's own token has the client as its subject, and no customer can have such an id."""
    own = register(running, OWN, 1)
    token = own.tokens()["access_token"]
    claims = verified(token, running)
    assert claims["sub"] == claims["client_id"] == own.client_id
    accounts = running.installation.accounts_url
    answer = running.http.get(
        accounts, headers={"authorization": f"DPoP {token}", "dpop": own.proof(accounts, "GET", token)}
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:ringfence:problem:user-required")
    userinfo = running.metadata["userinfo_endpoint"]
    answer = running.http.get(
        userinfo, headers={"authorization": f"DPoP {token}", "dpop": own.proof(userinfo, "GET", token)}
    )
    assert answer.status_code in (401, 403)
    user_id = running.management.add_user(own.client_id, secrets.token_urlsafe(16), "Not a client")
    assert user_id != own.client_id
    assert user_id.partition("_")[0] != own.client_id.partition("_")[0]


FORGED = (
    "x-forwarded-client-cert",
    "x-ringfence-peer",
    "x-ringfence-listener",
    "x-ringfence-verified-issuer",
    "X-Forwarded-Client-Cert",
    "x-ringfence-certificate",
    "x-client-cert",
    "ssl-client-cert",
)


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("listener", ["public", "mtls"])
def test_forged_certificate_header_through_the_edge(running: Running, name: str, listener: str) -> None:
    """Who tells the server about a certificate is the edge, never a caller.  RFC 8705 §6.5."""
    owner, other = register(running, MTLS, 1), register(running, MTLS, 2)
    token = owner.tokens()["access_token"]
    assert owner.pair
    assert other.secure
    der = ssl.PEM_cert_to_DER_cert(owner.pair[0].read_text())
    subject = f'Subject="CN={owner.variant.name}-1"'
    value = "mtls" if "listener" in name else f"Hash={hashlib.sha256(der).hexdigest()};{subject}"
    on_mtls = listener == "mtls"
    http = other.secure if on_mtls else running.http
    endpoints = running.metadata["mtls_endpoint_aliases"] if on_mtls else running.metadata
    fields = {name: value, "x-ringfence-listener": "mtls"} if name != "x-ringfence-listener" else {name: value}
    form = owner.pushed_form(owner.asked("v" * 43))
    refused(http.post(endpoints[PAR], data=form, headers=fields), "invalid_client")
    resource = owner.resource if on_mtls else running.installation.accounts_url
    answer = http.get(resource, headers={"authorization": f"Bearer {token}", **fields})
    assert answer.status_code == 401, answer.text
    assert answer.json()["type"].rpartition(":")[2] in ("certificate-missing", "certificate-mismatch")


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://evil.example\\@{own}",
        "{own}.evil.example/callback",
        "{own}/../../evil",
        "{own}#@evil.example",
    ],
)
def test_open_redirect(running: Running, victim: Partner, uri: str) -> None:
    """Nobody is sent to an address that was not registered, whatever goes wrong.  FAPI 2.0 SP §5.3.2.1-7."""
    uri = uri.format(own=victim.redirect_uri)
    refused(victim.push(redirect_uri=uri), "invalid_request")
    where = running.metadata["authorization_endpoint"]
    good = victim.begin().request_uri
    for query in (
        {"client_id": victim.client_id, "redirect_uri": uri, "response_type": "code"},
        {"client_id": victim.client_id, "redirect_uri": uri, "request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"client_id": "nobody", "redirect_uri": uri, "request_uri": good},
        {"client_id": victim.client_id, "request": "e30.e30.", "redirect_uri": uri},
    ):
        answer = running.http.get(where, params=query)
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert "evil.example" not in answer.text
    began = running.http.get(where, params={"client_id": victim.client_id, "redirect_uri": uri, "request_uri": good})
    assert began.headers["location"].startswith("/oauth/interaction?")


def test_cross_site_forms(running: Running, victim: Partner) -> None:
    """A form that another site sends, or that another browser was shown, decides nothing.  RFC 9700 §4.7."""
    customer = running.customer
    page = customer.log_in(customer.open(victim.address(victim.begin().request_uri)))
    form = page.forms[CONSENT_FORM]
    sent, url = dict(form.filled({}, "allow")), running.issuer + form.action
    http = customer._browser._http
    for fields in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}):
        answer = http.post(url, data=sent, headers={"origin": "https://evil.example", **fields})
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert http.post(url, data=sent | {"form_token": "0" * 64}).status_code == 400
    assert running.installation.http().post(url, data=sent).status_code in (303, 400), "no session: nothing is decided"
    # the thief's own good form, in the victim's browser: login by force
    stranger = running.browser()
    login = stranger.open(victim.address(victim.begin().request_uri)).forms[LOGIN_FORM]
    forced = dict(login.filled({"username": "thief", "password": "x"}))
    answer = http.post(running.issuer + login.action, data=forced)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    back = http.post(url, data=sent, headers={"sec-fetch-site": "same-origin", "origin": running.issuer})
    assert "code" in query_of(back.headers["location"]), "the customer's own form still counts"


def test_clickjacking_and_other_sites_scripts(running: Running, victim: Partner) -> None:
    customer, http = running.customer, running.customer._browser._http
    login = running.browser()._http.get(victim.address(victim.begin().request_uri), follow_redirects=True)
    consent = http.get(victim.address(victim.begin().request_uri), follow_redirects=True)
    error = running.http.get(running.metadata["authorization_endpoint"])
    assert customer
    for answer in (login, consent, error):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        scripts = [part for part in policy.split("; ") if part.startswith("script-src")]
        assert scripts in ([], [f"script-src {running.issuer}/oauth/passkeys.js"]), (
            "one file of ours, and nothing inline"
        )
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
    preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for url in (running.metadata["authorization_endpoint"], running.metadata["token_endpoint"]):
        answer = running.http.options(url, headers=preflight)
        assert "access-control-allow-origin" not in answer.headers


def test_session_fixation(running: Running, victim: Partner) -> None:
    """A session of before a login is never the one after it, and a planted one is worth nothing."""
    name, password = f"fix-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    running.management.add_user(name, password, "Fixed")
    browser = running.browser()
    cookies = browser._http.cookies

    def log_in(**more: str) -> None:
        page = browser.open(victim.address(victim.begin(**more).request_uri))
        browser.submit(page, page.forms[LOGIN_FORM], {"username": name, "password": password})

    planted = secrets.token_urlsafe(32)
    cookies.set("__Host-ringfence-session", planted, domain="localhost.local", path="/")
    log_in()
    before = {cookie.value for cookie in cookies.jar if cookie.name == "__Host-ringfence-session"}
    assert planted not in before or len(before) > 1
    fresh = running.browser()
    fresh._http.cookies.set("__Host-ringfence-session", planted, domain="localhost.local", path="/")
    assert LOGIN_FORM in fresh.open(victim.address(victim.begin().request_uri)).forms
    time.sleep(1.1)  # `prompt=login` counts a login of the same second as new
    log_in(prompt="login")
    after = {cookie.value for cookie in cookies.jar if cookie.name == "__Host-ringfence-session"}
    (old,) = before - after
    stolen = running.browser()
    stolen._http.cookies.set("__Host-ringfence-session", old or "", domain="localhost.local", path="/")
    assert LOGIN_FORM in stolen.open(victim.address(victim.begin().request_uri)).forms


def test_a_body_for_nobody_does_not_hide_the_refusal(running: Running, victim: Partner) -> None:
    """The refusal of a method, and of a body that is too large, arrives, however the body comes."""
    url = victim.endpoint(PAR)
    for _ in range(100):
        assert running.http.put(url, data={"a": "b" * 3000}).status_code == 405
    for _ in range(10):
        assert running.http.post(url, data={"a": "b" * 900_000}).status_code == 413
