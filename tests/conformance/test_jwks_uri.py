"""Clients whose keys are at a `jwks_uri`: rotation by the client, and what attackers make of fetches.  RFC 7591 §2."""

import asyncio

import pytest
from jwcrypto.jwk import JWK

URL = "https://keys.partner.example/jwks"


@pytest.fixture
async def remote(bank):
    """A partner that registered an URL instead of keys."""
    partner = type(bank.partner)(bank, "client_remote")
    await bank.register(partner, jwks={}, jwks_uri=URL)
    bank.web.pages[URL] = partner.jwks
    return partner


async def test_a_client_authenticates_with_a_key_that_it_publishes(bank, remote) -> None:
    assert (await remote.push()).status_code == 201
    tokens = await remote.tokens()
    assert bank.claims(tokens["access_token"])["client_id"] == "client_remote"
    assert bank.web.asked == [URL]


async def test_a_client_rotates_its_key_by_itself(bank, remote) -> None:
    await remote.push()
    old, remote.key = remote.key, JWK.generate(kty="EC", crv="P-256", kid="next")
    bank.web.pages[URL] = remote.jwks
    assert (await remote.push()).status_code == 401  # asked a moment ago: it publishes before it uses
    bank.clock.forward(30)
    assert (await remote.push()).status_code == 201
    remote.key = old
    assert (await remote.push()).json()["error"] == "invalid_client"


async def test_an_assertion_of_another_key_does_not_pass_under_a_published_kid(bank, remote) -> None:
    remote.key = JWK.generate(kty="EC", crv="P-256", kid=remote.key.kid)
    answer = await remote.push()
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_nothing_in_a_request_decides_what_is_fetched(bank, remote) -> None:
    header = {"jku": "https://attacker.example/jwks", "x5u": "https://attacker.example/x5u"}
    form = {"client_assertion": remote.assertion(header=header), "jwks_uri": "https://attacker.example/jwks"}
    await remote.post("/oauth/par", remote.request() | form)
    await bank.other.post("/oauth/par", bank.other.request() | {"jwks_uri": "https://attacker.example/jwks"})
    assert set(bank.web.asked) <= {URL}


async def test_guessed_kids_of_fifty_at_once_make_one_fetch(bank, remote) -> None:
    await remote.push()
    bank.clock.forward(30)
    forged = [JWK.generate(kty="EC", crv="P-256", kid=f"guess-{i}") for i in range(50)]
    answers = await asyncio.gather(
        *(
            remote.post("/oauth/par", remote.request() | {"client_assertion": remote.assertion(key, {"kid": key.kid})})
            for key in forged
        )
    )
    assert {a.status_code for a in answers} == {401}
    assert len(bank.web.asked) == 2


async def test_a_site_that_is_away_is_the_clients_failure_and_tells_nothing_of_our_network(bank, remote) -> None:
    bank.web.pages.clear()
    answer = await remote.push()
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "404" not in answer.text
    assert URL not in answer.text
    assert (await bank.partner.push()).status_code == 201
