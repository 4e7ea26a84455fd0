"""Through the real edge: a customer is asked without a redirect, a client acts by another one's token, one has its events.

OpenID CIBA Core 1.0; RFC 8693; OpenID Shared Signals Framework 1.0.
"""

import json
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from running_installation import Running

from ringfence.clock import system_clock
from ringfence.demo.dpop import public_part
from ringfence.demo.partner import Partner, Tokens
from ringfence.ids import system_random

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]

CIBA = "urn:openid:params:grant-type:ciba"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def joined(running: Running, http: httpx.Client, name: str, **members: Any) -> Partner:
    """Register another client."""
    assertion, dpop = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    published = public_part(assertion) | {"kid": assertion.thumbprint(), "use": "sig", "alg": "ES256"}
    asked = {"name": name, "jwks": {"keys": [published]}, "scopes": ["openid", "accounts"]} | members
    client_id = running.management.add_client(asked)
    known = replace(
        running.partner.registration, name=name, client_id=client_id, assertion_key=assertion, dpop_key=dpop
    )
    return Partner(known, running.partner.server, http, system_clock, system_random)


def token(partner: Partner, form: dict[str, str]) -> httpx.Response:
    url = partner.server.token
    fields = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": partner._assertion(),
    }
    return partner._http.post(url, data=fields | form, headers={"dpop": partner.proof("POST", url)})


def held(answer: httpx.Response) -> Tokens:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return Tokens(body["access_token"], body.get("refresh_token", ""), body["expires_in"], ())


def test_a_customer_is_asked_and_answers_on_the_page(running: Running) -> None:
    with running.installation.http() as http:
        shop = joined(running, http, "Till", grant_types=[CIBA], backchannel_token_delivery_mode="poll")
        issuer = running.installation.issuer
        found = http.get(f"{issuer}/.well-known/openid-configuration").json()
        asked = shop._post(
            found["backchannel_authentication_endpoint"],
            {"scope": "openid accounts", "login_hint": "amara", "binding_message": "Till 4"},
            200,
        )
        form = {"grant_type": CIBA, "auth_req_id": asked["auth_req_id"]}
        assert token(shop, form).json()["error"] == "authorization_pending"
        running.customer.consent(running.partner.authorization_url(running.partner.push(("accounts",))))  # logs in
        page = running.customer.open(f"{issuer}/oauth/my/requests")
        (answer,) = page.forms.values()
        button = next(name for name in answer.buttons if name.endswith("-allow"))
        running.customer._browser.submit(page, answer, {}, button)
        tokens = held(token(shop, form))
        assert shop.call("GET", running.installation.accounts_url, tokens).status_code == 200
        assert token(shop, form).json()["error"] == "invalid_grant"
    running.wait_for_event("backchannel.asked.v1", lambda event: True)


def test_one_client_acts_by_another_ones_token(running: Running) -> None:
    with running.installation.http() as http:
        actor = joined(running, http, "Aggregator", grant_types=[EXCHANGE], scopes=["accounts"])
        first, second = running.partner.registration.client_id, actor.registration.client_id
        form = {
            "grant_type": EXCHANGE,
            "subject_token": running.partner.refresh(running.tokens).access_token,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }
        assert token(actor, form).json()["error"] == "unauthorized_client"
        rule = f"oauth:\n  may_act: [{{actor: {second}, tokens_of: [{first}], scopes: [accounts]}}]\n"
        running.edit_policy(r"(?m)^oauth:\n", rule)
        try:
            until = time.monotonic() + 20
            while (answer := token(actor, form)).status_code != 200:
                assert time.monotonic() < until, answer.text
                time.sleep(0.3)
            passed_on = held(answer)
            assert actor.call("GET", running.installation.accounts_url, passed_on).status_code == 200
            stolen = running.partner.call("GET", running.installation.accounts_url, passed_on)
            assert stolen.status_code == 401  # bound to the actor's key
            until = time.monotonic() + 10
            while not (found := [e for e in running.events("call.decided.v1") if e.get("actors")]):
                assert time.monotonic() < until
                time.sleep(0.2)
            assert found[0]["actors"] == [second, first]
        finally:
            running.edit_policy(r"(?m)^  may_act: .*\n", "")


def test_a_partner_asks_for_its_security_events(running: Running) -> None:
    redirect = running.partner.registration.redirect_uri
    with running.installation.http() as http:
        kinds = ["authorization_code", "client_credentials"]
        scopes = ["openid", "accounts", "ssf.manage"]
        shop = joined(running, http, "Receiver", grant_types=kinds, scopes=scopes, redirect_uris=[redirect])
        own = held(token(shop, {"grant_type": "client_credentials", "scope": "ssf.manage"}))
        found = http.get(f"{running.installation.issuer}/.well-known/ssf-configuration").json()
        (key,) = http.get(found["jwks_uri"]).json()["keys"]
        assert key["alg"] == "RS256"
        made = shop.call("POST", found["configuration_endpoint"], own, {})
        assert made.status_code == 201, made.text
        running.customer.consent(shop.authorization_url(shop.push(("accounts",))))
        (grant,) = running.management.grants(shop.registration.client_id)
        running.management.revoke_grant(grant["grant_id"])
        where, until = made.json()["delivery"]["endpoint_url"], time.monotonic() + 30
        while not (sets := shop.call("POST", where, own, {}).json()["sets"]):
            assert time.monotonic() < until
        ((jti, signed),) = sets.items()
        told = jwt.decode(signed, RSAKey.import_key(key), algorithms=["RS256"])
        assert told.header["typ"] == "secevent+jwt"
        assert told.claims["sub_id"]["sub"] == grant["user_id"]
        assert next(iter(told.claims["events"])).endswith("/session-revoked")
        assert shop.call("POST", where, own, {"ack": [jti], "maxEvents": 0}).json()["sets"] == {}
        assert shop.call("POST", where, own, {"returnImmediately": True}).json()["sets"] == {}


def until(what: Any, wanted: Any) -> Any:
    """Return what is there once it is as wanted."""
    end = time.monotonic() + 30
    while not wanted(found := what()):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


RECEIVED = """
signals:
  transmitters:
    idp:
      issuer: https://idp.example
      jwks: idp.json
      audience: https://bank.example/signals
      events: {session-revoked: [end-logins]}
      subjects: [{format: opaque, names: user}]
      sessions: sid
      push: {token_file: idp.token}
# end of signals
"""


def test_somebody_else_tells_us_that_one_login_has_ended(running: Running) -> None:
    """A SET through the real edge to `ringfence up`; nobody else's login ends."""
    key = RSAKey.generate_key(2048, {"kid": "idp-1", "alg": "RS256", "use": "sig"})
    beside, secret = running.installation.policy.parent, "t0ken-of-the-identity-provider"
    (beside / "idp.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    (beside / "idp.token").write_text(secret)
    (beside / "idp.token").chmod(0o600)
    running.customer.consent(running.partner.authorization_url(running.partner.push(("accounts",))))
    (login, *others) = [one["session_id"] for one in running.management._call("GET", "/sessions")["items"]]
    subject = {"format": "complex", "session": {"format": "opaque", "id": login}}
    event = {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}}
    claims = {"iss": "https://idp.example", "aud": "https://bank.example/signals", "jti": "j1", "iat": int(time.time())}
    header = {"alg": "RS256", "typ": "secevent+jwt", "kid": "idp-1"}
    told = jwt.encode(header, claims | {"sub_id": subject, "events": event}, key, algorithms=["RS256"])
    fields = {"content-type": "application/secevent+jwt", "authorization": f"Bearer {secret}"}
    running.edit_policy(r"\Z", RECEIVED)
    try:
        with running.installation.http() as http:
            url = f"{running.installation.issuer}/oauth/ssf/receive/idp"
            until(lambda: http.post(url, content=told, headers=fields).status_code, lambda status: status == 202)
            assert http.post(url, content=told, headers=fields).status_code == 202
            refused = http.post(url, content=told, headers=fields | {"authorization": "Bearer x"})
        assert (refused.status_code, refused.json()["err"]) == (400, "authentication_failed")
        left = [one["session_id"] for one in running.management._call("GET", "/sessions")["items"]]
        assert sorted(left) == sorted(others)
        (state,) = until(lambda: running.management._call("GET", "/signals/transmitters")["items"], len)
        assert (state["name"], state["standing"], state["received"]) == ("idp", "ok", 1)
        running.wait_for_event("signal.received.v1", lambda one: (one["jti"], one["outcome"]) == ("j1", "acts"))
    finally:
        running.edit_policy(r"(?s)\nsignals:.*# end of signals\n", "")
        pushed = running.partner.push(("accounts", "payments"))  # the grant of the others ended with its login
        back = running.customer.consent(running.partner.authorization_url(pushed))
        running.tokens = running.partner.redeem(back, pushed)


def test_a_receiver_that_is_not_there_is_shown_and_its_events_wait(running: Running) -> None:
    with running.installation.http() as http:
        shop = joined(running, http, "Absent", grant_types=["client_credentials"], scopes=["ssf.manage"])
        own = held(token(shop, {"grant_type": "client_credentials", "scope": "ssf.manage"}))
        streams = f"{running.installation.issuer}/oauth/ssf/streams"
        delivery = {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://receiver.absent.invalid/events"}
        made = shop.call("POST", streams, own, {"delivery": delivery})
        assert made.status_code == 201, made.text
        verify = f"{running.installation.issuer}/oauth/ssf/verify"
        assert shop.call("POST", verify, own, {"stream_id": made.json()["stream_id"]}).status_code == 204

        def shown() -> dict[str, Any]:
            items = running.management._call("GET", "/signals/streams")["items"]
            return next(one for one in items if one["client_id"] == shop.registration.client_id)

        state = until(shown, lambda one: one["attempts"] > 1)
        assert (state["method"], state["pending"], state["accepted"]) == ("push", 1, 0)
        assert state["error"]
        assert state["failing_since"]
