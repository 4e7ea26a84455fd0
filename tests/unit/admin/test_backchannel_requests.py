"""`/backchannel-requests`: another application asks the customer, and answers once, for what it showed."""

import pytest

from ringfence.clock import Instant
from ringfence.store.backchannel_model import BackchannelRequest
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Consent

NOW = Instant(1_800_000_000.0)
CIBA = "urn:openid:params:grant-type:ciba"


@pytest.fixture
async def waiting(api, asked, ports):
    """A request about Mia; returns how the listing shows it."""

    async def make(**parameters: str) -> dict:
        more = {"grant_types": [CIBA], "redirect_uris": [], "backchannel_token_delivery_mode": "poll"}
        client_id = (await api.post("/clients", json=asked | more)).json()["client_id"]
        user = (await api.post("/users", json={"username": "mia", "password": "long enough", "name": "Mia"})).json()
        until = Instant(NOW + 100)
        consent = Consent(
            consent_id="consent_1",
            client_id=client_id,
            scopes=("accounts",),
            created_at=NOW,
            changed_at=NOW,
            expires_at=until,
        )
        request = BackchannelRequest(
            auth_req_hash="h",
            client_id=client_id,
            user_id=user["user_id"],
            consent_id="consent_1",
            parameters={"scope": "openid accounts"} | parameters,
            binding_message="W4SCT",
            interval=5,
            next_poll_at=NOW,
            created_at=NOW,
            expires_at=until,
        )
        await ports.records.add_backchannel_request(request, consent)
        (shown,) = (await api.get("/backchannel-requests", params={"user_id": user["user_id"]})).json()["items"]
        return shown

    return make


def answer(shown: dict, **more) -> dict:
    return {"user_id": shown["user_id"], "text_sha256": shown["text_sha256"]} | more


async def test_what_is_shown_and_allowed(api, ports, recorder, waiting) -> None:
    shown = await waiting()
    assert (shown["client_name"], shown["customer"], shown["binding_message"]) == ("Acme", "Mia", "W4SCT")
    assert shown["asked"][0]["facts"] == {"Message": "W4SCT"}
    assert shown["asked"][-1]["sentence"] == "See your accounts"
    done = await api.post("/backchannel-requests/consent_1/allow", json=answer(shown))
    assert done.json()["state"] == "allowed"
    consent = await ports.records.consent("consent_1")
    assert (consent.state, consent.text_sha256) == (ConsentState.AUTHORISED, shown["text_sha256"])
    assert (await api.get("/backchannel-requests")).json() == {"items": []}
    assert recorder.names()[-3:] == ["ConsentDecided", "ConsentMoved", "backchannel-request.allowed"]
    again = await api.post("/backchannel-requests/consent_1/refuse", json=answer(shown))
    assert again.status_code == 404


async def test_what_is_refused(api, ports, waiting) -> None:
    shown = await waiting()
    assert (await api.post("/backchannel-requests/consent_1/refuse", json=answer(shown))).json()["state"] == "refused"
    assert (await ports.records.consent("consent_1")).state is ConsentState.REJECTED


async def test_answers_that_do_not_count(api, problem, waiting) -> None:
    shown = await waiting(acr_values="urn:ringfence:acr:two-factor")
    assert shown["acr_values"] == ["urn:ringfence:acr:two-factor"]
    allow = "/backchannel-requests/consent_1/allow"
    problem(await api.post(allow, json=answer(shown, user_id="user_x")), 404, "not-found")
    problem(await api.post(allow, json=answer(shown, text_sha256="0" * 64)), 409, "conflict")
    problem(await api.post(allow, json=answer(shown)), 400, "authentication-unmet")
    problem(await api.post(allow, json=answer(shown, acr="urn:x")), 400, "admin-request")
    problem(await api.post(allow, json=answer(shown, authenticated_at=NOW + 1)), 400, "admin-request")
    problem(await api.post("/backchannel-requests/consent_2/allow", json=answer(shown)), 404, "not-found")
    two = answer(shown, acr="urn:ringfence:acr:two-factor", authenticated_at=NOW - 5)
    assert (await api.post(allow, json=two)).status_code == 200
