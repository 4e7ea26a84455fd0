"""Another client's token for one of the own: by policy only, narrower only, ended with what it hangs on.  RFC 8693."""

import importlib.util
import sys
from pathlib import Path

import httpx
import pytest

from ringfence.problem import Reason
from ringfence.store.blocks import client_block, session_block, user_block

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)
sign = sys.modules["oauth_harness"].sign

RULES = [
    {
        "actor": "client_b",
        "tokens_of": ["client_a"],
        "scopes": ["accounts", "payments", "openid"],
        "authorization_details": ["payment"],
    },
    {"actor": "client_c", "tokens_of": ["client_b"], "scopes": ["accounts"]},
    {"actor": "client_d", "tokens_of": ["client_c"], "scopes": ["accounts"]},
    {"actor": "client_e", "tokens_of": ["client_d"], "scopes": ["accounts"]},
    {"actor": "client_a", "tokens_of": ["client_b", "client_a"], "scopes": ["accounts"]},
]


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def chain_bank(bank):
    """Return the bank with the clients a to e, of whom each may exchange the tokens of the one before."""
    made = await back.ciba_bank(bank, {"may_act": RULES})
    made.row = {letter: await back.ciba_partner(made, f"client_{letter}") for letter in "abcde"}
    made.partner = made.row["a"]
    return made


async def exchange(partner, token: str, **more) -> httpx.Response:
    form = {"grant_type": back.EXCHANGE, "subject_token": token, "subject_token_type": back.ACCESS_TOKEN} | more
    return await partner.token({k: v for k, v in form.items() if v is not None})


async def exchanged(partner, token: str, **more) -> str:
    answer = await exchange(partner, token, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


async def test_the_new_token_says_who_acts_and_hangs_on_the_same(bank):
    bank = await chain_bank(bank)
    first = await bank.partner.tokens(**back.rich.asking(back.rich.payment(), scope="openid accounts"))
    answer = await exchange(bank.row["b"], first["access_token"])
    body = answer.json()
    assert body["issued_token_type"] == back.ACCESS_TOKEN
    assert not {"refresh_token", "id_token", "grant_id"} & body.keys()
    before, after = bank.claims(first["access_token"]), bank.claims(body["access_token"])
    assert (after["sub"], after["client_id"], after["act"]) == (
        "user_mia",
        "client_b",
        {"sub": "client_b", "act": {"sub": "client_a"}},
    )
    assert after["scope"] == "accounts"  # openid opens this server's own endpoints: never passed on
    assert after["cnf"] == {"jkt": bank.row["b"].dpop.thumbprint()}
    for name in ("grant_id", "sid", "auth_time", "acr", "authorization_details"):
        assert after[name] == before[name]
    assert after["jti"] != before["jti"]
    again = await exchanged(bank.row["c"], body["access_token"])
    assert bank.claims(again)["act"] == {"sub": "client_c", "act": {"sub": "client_b", "act": {"sub": "client_a"}}}
    assert "authorization_details" not in bank.claims(again)  # its rule has none
    told = (await bank.row["c"].post("/oauth/introspect", {"token": again})).json()
    assert (told["active"], told["act"]) == (True, bank.claims(again)["act"])
    assert (await bank.row["c"].userinfo(again)).status_code == 403


async def test_it_never_lives_longer(bank):
    bank = await chain_bank(bank)
    first = (await bank.partner.tokens())["access_token"]
    bank.clock.forward(200)
    answer = await exchange(bank.row["b"], first)
    assert answer.json()["expires_in"] == 100
    assert bank.claims(answer.json()["access_token"])["exp"] == bank.claims(first)["exp"]
    bank.clock.forward(100)
    assert error(await exchange(bank.row["b"], first)) == (400, "invalid_request")
    assert bank.events.of("TokenDecided")[-1].reason == Reason.SUBJECT_TOKEN_INVALID.value


@pytest.mark.parametrize("scope", ["payments", "openid", "accounts payments", "grant_management_query"])
async def test_no_more_than_it_has(bank, scope):
    bank = await chain_bank(bank)
    first = (await bank.partner.tokens())["access_token"]
    assert error(await exchange(bank.row["b"], first, scope=scope)) == (400, "invalid_scope")


async def test_details_only_narrow(bank):
    bank = await chain_bank(bank)
    asked = back.rich.asking(back.rich.payment(), scope="openid")
    first = (await bank.partner.tokens(**asked))["access_token"]
    more = back.rich.asking(back.rich.payment("999.00"))
    assert error(await exchange(bank.row["b"], first, **more)) == (400, "invalid_authorization_details")
    assert (await exchange(bank.row["b"], first, **back.rich.asking(back.rich.payment()))).status_code == 200
    again = await exchanged(bank.row["b"], first)
    assert error(await exchange(bank.row["c"], again)) == (400, "invalid_scope")  # nothing is left to pass on


async def test_a_stolen_token_is_worth_nothing_to_who_may_not_exchange_it(bank):
    bank = await chain_bank(bank)
    first = (await bank.partner.tokens())["access_token"]
    for letter in "cde":
        assert error(await exchange(bank.row[letter], first)) == (400, "unauthorized_client")
    thief = await back.ciba_partner(bank, "client_thief")
    for token in (first, "x.y.z", first + "x"):  # nor does it learn whether it works
        assert error(await exchange(thief, token)) == (400, "unauthorized_client")
    assert error(await bank.row["b"].token({"grant_type": back.EXCHANGE}, proof=None)) == (400, "invalid_dpop_proof")


async def test_nobody_may_by_default(bank):
    bank = await back.ciba_bank(bank)
    other = await back.ciba_partner(bank, "client_b")
    first = (await bank.partner.tokens())["access_token"]
    assert error(await exchange(other, first)) == (400, "unauthorized_client")


async def test_no_loops_and_no_long_chains(bank):
    bank = await chain_bank(bank)
    first = (await bank.partner.tokens())["access_token"]
    assert error(await exchange(bank.row["a"], first)) == (400, "invalid_request")  # the own one
    second = await exchanged(bank.row["b"], first)
    assert error(await exchange(bank.row["a"], second)) == (400, "invalid_request")  # back to the first
    third = await exchanged(bank.row["c"], second)
    fourth = await exchanged(bank.row["d"], third)
    assert error(await exchange(bank.row["e"], fourth)) == (400, "invalid_request")  # three times is the most


@pytest.mark.parametrize("ended", ["grant", "first client", "client between", "customer", "session", "key", "token"])
async def test_it_ends_with_everything_that_it_hangs_on(bank, ended):
    bank = await chain_bank(bank)
    tokens = await bank.partner.tokens()
    second = await exchanged(bank.row["b"], tokens["access_token"])
    third = await exchanged(bank.row["c"], second)
    ports, now = bank.ports, bank.clock.now
    until = now + 1000
    match ended:
        case "grant":
            await bank.partner.post("/oauth/revoke", {"token": tokens["refresh_token"]})
        case "first client":
            await ports.records.set_client_status("client_a", "suspended")
        case "client between":
            await ports.fast.block([client_block("client_b")], until, now)
        case "customer":
            await ports.fast.block([user_block("user_mia")], until, now)
        case "session":
            await ports.fast.block([session_block(bank.claims(third)["sid"])], until, now)
        case "key":
            kid = ports.signer.public_jwks()["keys"][0]["kid"]
            await ports.fast.block([f"key:{kid}".encode()], until, now)
        case "token":
            await bank.row["c"].post("/oauth/revoke", {"token": third})
    told = await bank.row["c"].post("/oauth/introspect", {"token": third})
    assert told.json() == {"active": False}
    status = error(await exchange(bank.row["c"], second))[0] if ended != "token" else 400
    assert status == 400


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"audience": "urn:other"}, "invalid_target"),
        ({"resource": "https://other.example"}, "invalid_target"),
        ({"subject_token": "x.y.z"}, "invalid_request"),
    ],
)
async def test_faults_are_told_by_their_codes(bank, more, expected):
    bank = await chain_bank(bank)
    first = (await bank.partner.tokens())["access_token"]
    assert error(await exchange(bank.row["b"], first, **more)) == (400, expected)
    if expected == "invalid_target":
        assert bank.events.of("TokenDecided")[-1].reason == Reason.TARGET_INVALID.value
        assert (await exchange(bank.row["b"], first, audience="urn:bank:apis")).status_code == 200


async def test_other_things_are_no_subject_tokens(bank):
    bank = await chain_bank(bank)
    tokens = await bank.partner.tokens()
    own = await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})
    forged = sign(bank.partner.key, bank.claims(tokens["access_token"]), typ="at+jwt", kid=bank.partner.key.kid)
    for token in (tokens["id_token"], tokens["refresh_token"], own.json()["access_token"], forged):
        assert error(await exchange(bank.row["b"], token)) == (400, "invalid_request")
