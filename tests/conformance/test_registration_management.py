"""Clients look at what they registered, replace it, and end it.  RFC 7592."""

import asyncio

import pytest
from oauth_harness import CALLBACK, ISSUER, Bank

from ringfence.ids import token_hash
from ringfence.store.blocks import client_block, grant_block
from ringfence.store.interface import Admission
from tests.conformance.registration_partner import (
    bearer,
    error,
    manage,
    newcomer,
    registered,
    registering,
    replacement,
    statement,
)


async def test_reading_a_registration(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank), contacts=["ops@kestrel.example"])
    answer = await manage(bank, "GET", body)
    assert answer.status_code == 200
    expected = {k: v for k, v in body.items() if k not in ("registration_access_token", "software_statement")}
    assert answer.json() == expected


async def test_who_does_not_hold_the_token_learns_nothing(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body, other = await registered(bank, newcomer(bank)), await registered(bank, newcomer(bank))
    path = body["registration_client_uri"].removeprefix(ISSUER)
    answers = [
        await bank.http.request(method, url, headers=headers, json={})
        for method in ("GET", "PUT", "DELETE")
        for url, headers in (
            (path, {}),
            (path, bearer(other)),
            (path, {"authorization": "Bearer " + "A" * 43}),
            (path, {"authorization": f"DPoP {body['registration_access_token']}"}),
            ("/oauth/register/client_nobody", bearer(body)),
            ("/oauth/register/client_one", bearer(body)),
            ("/oauth/register/%2e%2e", bearer(body)),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"] for answer in answers} == {"invalid_token"}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)
    assert (await manage(bank, "GET", body)).status_code == 200


async def test_a_replacement_replaces_everything_and_the_token(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    first = await registered(bank, partner, contacts=["ops@kestrel.example"], client_uri="https://kestrel.example/")
    document = replacement(first, contacts=None, client_uri=None, scope="accounts", grant_types=["client_credentials"])
    document["response_types"] = []
    document["software_statement"] = statement(bank, redirect_uris=[CALLBACK])
    answer = await manage(bank, "PUT", first, document)
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert not {"contacts", "client_uri"} & set(second)
    assert (second["scope"], second["grant_types"]) == ("accounts", ["client_credentials"])
    assert second["registration_access_token"] != first["registration_access_token"]
    # the old token is worth nothing, to its owner and to a thief
    for method in ("GET", "PUT", "DELETE"):
        error(await manage(bank, method, first, document), 401, "invalid_token")
    assert (await manage(bank, "GET", second)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "client_one"},
        {"client_id": None},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://x.example"},
        {"client_id_issued_at": 1},
        {"client_secret_expires_at": 0},
        {"jwks": None},
    ],
)
async def test_a_replacement_that_is_refused_changes_nothing(bank: Bank, changes: dict) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    error(await manage(bank, "PUT", body, replacement(body, **changes)), 400, "invalid_client_metadata")
    answer = await manage(bank, "GET", body)
    assert answer.json()["jwks"] == body["jwks"]


async def test_of_fifty_replacements_with_one_token_one_wins(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    answers = await asyncio.gather(
        *(manage(bank, "PUT", body, replacement(body, software_version=str(n))) for n in range(50))
    )
    assert sorted(a.status_code for a in answers) == [200] + [401] * 49
    winner = next(a.json() for a in answers if a.status_code == 200)
    assert (await manage(bank, "GET", winner)).json()["software_version"] == winner["software_version"]


async def test_of_fifty_that_replace_and_end_one_wins(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    answers = await asyncio.gather(
        *(manage(bank, "PUT" if n % 2 else "DELETE", body, replacement(body)) for n in range(50))
    )
    put = [a.status_code for n, a in enumerate(answers) if n % 2]
    ended = [a.status_code for n, a in enumerate(answers) if not n % 2]
    client = await bank.ports.records.client(body["client_id"])
    blocked = (
        await bank.ports.fast.admit(Admission(blocks=(client_block(body["client_id"]),)), bank.clock.now)
    ).blocked
    if 200 in put:
        assert sorted(put) == [200] + [401] * 24
        assert ended == [401] * 25
        assert (client.status, blocked) == ("active", -1)
    else:
        # whoever comes while the end is under way repeats it
        assert set(ended) <= {204, 401}
        assert 204 in ended
        assert set(put) <= {401, 403}
        assert (client.status, blocked) == ("revoked", 0)


async def test_an_end_is_one_at_once_and_for_good(bank: Bank) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    body = await registered(bank, partner)
    tokens = await partner.tokens()
    assert (await partner.userinfo(tokens["access_token"])).status_code == 200
    answer = await manage(bank, "DELETE", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    keys = (client_block(partner.client_id), grant_block(tokens["grant_id"]))
    for key in keys:
        assert (await bank.ports.fast.admit(Admission(blocks=(key,)), bank.clock.now)).blocked == 0
    assert (await partner.userinfo(tokens["access_token"])).status_code == 401
    refused = await partner.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    error(refused, 401, "invalid_client")
    error(await partner.push(), 401, "invalid_client")
    for method in ("GET", "PUT", "DELETE"):
        error(await manage(bank, method, body, replacement(body)), 401, "invalid_token")
    (revoked,) = bank.events.of("GrantRevoked")
    assert (revoked.grant, revoked.why) == (tokens["grant_id"], "the client ended")
    grant = await bank.ports.records.grant(tokens["grant_id"])
    assert grant.revoked_at is not None, "the record of what a customer allowed stays"


async def test_an_end_that_broke_off_can_be_repeated(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    assert await bank.ports.records.end_registration(body["client_id"], token_hash(body["registration_access_token"]))
    error(await manage(bank, "GET", body), 403, "unauthorized_client")
    assert (await manage(bank, "DELETE", body)).status_code == 204
    error(await manage(bank, "DELETE", body), 401, "invalid_token")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_suspended_client_does_not_manage_itself(bank: Bank, method: str) -> None:
    bank = registering(bank, "statement")
    partner = newcomer(bank)
    body = await registered(bank, partner)
    await bank.ports.records.set_client_status(partner.client_id, "suspended")
    error(await manage(bank, method, body, replacement(body)), 403, "unauthorized_client", "suspended")
    await bank.ports.records.set_client_status(partner.client_id, "active")
    assert (await manage(bank, "GET", body)).status_code == 200


async def test_a_suspension_meanwhile_is_not_undone_by_a_replacement(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    records = bank.ports.records
    client, registration = await records.client(body["client_id"]), await records.registration(body["client_id"])
    await records.set_client_status(client.client_id, "suspended")
    assert not await records.replace_registration(client, registration, registration.token_hash, None)
    assert (await records.client(client.client_id)).status == "suspended"
    assert (await records.registration(client.client_id)) == registration


async def test_a_client_cannot_aim_our_connections_at_others(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank))
    bank.web.asked.clear()
    document = replacement(body, logo_uri="https://victim.example/large")
    answers = [await manage(bank, "PUT", body, document) for _ in range(30)]
    assert [a.status_code for a in answers] == [400] * 10 + [429] * 20
    assert len(bank.web.asked) == 10
    assert (await manage(bank, "PUT", body, replacement(body))).status_code == 200


async def test_a_statement_that_names_no_software_is_not_replaced(bank: Bank) -> None:
    bank = registering(bank, "statement")
    body = await registered(bank, newcomer(bank), software_statement=statement(bank, software_id=None))
    other = statement(bank, software_id=None, redirect_uris=["https://other.example/cb"])
    answer = await manage(bank, "PUT", body, replacement(body, software_statement=other))
    error(answer, 400, "invalid_software_statement", "other software")
    assert (await manage(bank, "PUT", body, replacement(body))).status_code == 200


async def test_a_picture_that_the_statement_names_has_the_same_pace(bank: Bank) -> None:
    bank = registering(bank, "statement")
    url = "https://kestrel.example/logo.png"
    bank.web.pages[url] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01"
    body = await registered(bank, newcomer(bank), software_statement=statement(bank, logo_uri=url))
    bank.web.asked.clear()
    statuses = []
    for _ in range(12):
        answer = await manage(bank, "PUT", body, replacement(body, logo_uri=None))
        statuses.append(answer.status_code)
        body = answer.json() if answer.status_code == 200 else body
    assert statuses == [200] * 10 + [429] * 2
    assert len(bank.web.asked) == 10
