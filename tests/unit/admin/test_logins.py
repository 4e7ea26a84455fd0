"""`/logins`: what is listed and told; the whole way is in the conformance tests."""

from ringfence.clock import Instant
from ringfence.ids import token_hash
from ringfence.store.challenges import LoginChallenge
from ringfence.store.model import Client

VALUE = "a" * 43 + "b" * 43
NOW = Instant(1_800_000_000.0)


async def waiting(ports, value: str = VALUE) -> None:
    if await ports.records.client("client_1") is None:
        await ports.records.add_client(Client(client_id="client_1", name="Acme", created_at=NOW))
    await ports.records.add_challenge(
        LoginChallenge(
            challenge_hash=token_hash(value),
            kind="login",
            uri_hash="u",
            client_id="client_1",
            browser_hash="h",
            content={"client_name": "Acme", "login_after": None},
            created_at=NOW,
            expires_at=Instant(4e9),
        )
    )


async def test_an_answer_leads_back_to_the_request_with_a_verifier(api, ports, recorder) -> None:
    await waiting(ports)
    listed = (await api.get("/logins")).json()["items"]
    assert [one["request"]["client_name"] for one in listed] == ["Acme"]
    body = {"subject": "ext-1", "acr": "urn:ringfence:acr:password", "amr": ["pwd"]}
    answer = await api.post(f"/logins/{VALUE}/accept", json=body)
    assert answer.status_code == 200, answer.text
    start = f"https://bank.example/oauth/continue?request={'b' * 43}&verifier="
    assert answer.json()["redirect_to"].startswith(start)
    assert (await ports.records.user("ext-1")).password_hash == ""
    assert recorder.names() == ["user.added", "login.accepted"]
    assert (await api.post(f"/logins/{VALUE}/accept", json=body)).status_code == 409


async def test_a_refusal_is_told_in_characters_that_the_client_may_get(api, ports) -> None:
    await waiting(ports)
    body = {"error": "login_required", "error_description": 'not "now"'}
    assert (await api.post(f"/logins/{VALUE}/reject", json=body)).status_code == 200
    kept = await ports.records.challenge(token_hash(VALUE), NOW)
    assert kept.answer == {"error": "login_required", "error_description": "not 'now'"}


async def test_what_is_not_known_is_not_found(api) -> None:
    assert (await api.get(f"/logins/{VALUE}")).status_code == 404
    assert (await api.post("/logins/x/reject", json={})).status_code == 404
