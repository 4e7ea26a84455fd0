import asyncio
import json

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.custody.wire import (
    Context,
    DataKey,
    Done,
    Forget,
    Generate,
    Mac,
    Manage,
    Public,
    PublicKeys,
    Refusal,
    Sign,
    Signed,
    SignToken,
    Token,
    Unwrap,
    Wrap,
)
from ringfence.events.custody import KeyChanged
from ringfence.keys.backend import BackendGone
from ringfence.keys.publication import jwks_of
from ringfence.keys.purposes import PURPOSES, ROLES, Use
from ringfence.keys.rotation import moved
from ringfence.keys.states import State

CONTEXT = Context("tenant", "/Data/Account", "user_1")


def put(keeper, key, to):
    changed = moved(key, to, keeper.clock())
    with keeper.ledger.change():
        assert keeper.ledger.replace_key(changed, key.state)
    keeper.changed(changed, "test")
    return changed


async def test_another_library_verifies_a_token_by_what_is_published(keeper, clock):
    reply = await keeper.answer("oauth", SignToken("token", "at+jwt", b'{"a": 1}'))
    assert isinstance(reply, Token)
    (jwk,) = jwks_of(keeper.ledger.keys("token"), 60, clock())["keys"]
    jws = JWS()
    jws.deserialize(reply.text)
    jws.verify(JWK(**jwk), alg="ES256")
    assert json.loads(jws.payload) == {"a": 1}
    assert json.loads(jws.objects["protected"]) == {"alg": "ES256", "typ": "at+jwt", "kid": jwk["kid"]}


async def test_the_first_key_of_a_purpose_is_made_once_however_many_ask(keeper, events):
    replies = await asyncio.gather(*(keeper.answer("gateway", Sign("message-signature", b"x")) for _ in range(20)))
    assert len({reply.kid for reply in replies}) == 1
    assert len(keeper.ledger.keys("message-signature")) == 1
    assert [event.state for event in events if isinstance(event, KeyChanged)] == ["pre-activation", "active"]


def requests_of(purpose: str):
    return {
        Use.TOKEN: SignToken(purpose, "x", b"{}"),
        Use.SIGNATURE: Sign(purpose, b"x"),
        Use.WRAP: Generate(purpose, CONTEXT),
        Use.MAC: Mac(purpose, b"x"),
    }


@pytest.mark.parametrize("purpose", list(PURPOSES))
@pytest.mark.parametrize("role", [*ROLES, "stranger"])
async def test_a_role_gets_what_its_row_says_and_no_more(keeper, purpose, role):
    for use, request in requests_of(purpose).items():
        reply = await keeper.answer(role, request)
        if use is PURPOSES[purpose].use and role in PURPOSES[purpose].roles:
            assert not isinstance(reply, Refusal), reply
        else:
            assert isinstance(reply, Refusal)
            assert reply.kind == "not-allowed"


async def test_what_nobody_may_ask(keeper):
    for request in (Sign("nothing", b"x"), Public("nothing"), SignToken("../token", "t", b"{}")):
        reply = await keeper.answer("oauth", request)
        assert isinstance(reply, Refusal)
        assert reply.kind == "unknown"
    assert (await keeper.answer("oauth", Manage("destroy", "token"))).kind == "not-allowed"


async def test_a_data_key_opens_for_what_it_was_made_for(keeper):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    assert isinstance(made, DataKey)
    assert len(made.secret) == 32
    assert made.secret not in keeper.ledger.data_key(made.data_key).wrapped
    assert await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT)) == made
    for other in (Context("x", "/Data/Account", "user_1"), Context("tenant", "/x", "user_1"), Context()):
        assert (await keeper.answer("gateway", Unwrap(made.data_key, other))).kind == "failed"
    assert (await keeper.answer("gateway", Unwrap("dek_none", CONTEXT))).kind == "unknown"


async def test_a_row_moved_in_the_ledger_does_not_open(keeper):
    one = await keeper.answer("gateway", Generate("data", CONTEXT))
    two = await keeper.answer("gateway", Generate("data", CONTEXT))
    keeper.ledger._database.execute(
        "update data_keys set wrapped = (select wrapped from data_keys where data_key = ?) where data_key = ?",
        (one.data_key, two.data_key),
    )
    assert (await keeper.answer("gateway", Unwrap(two.data_key, CONTEXT))).kind == "failed"


async def test_a_callers_secret_is_kept_and_shredded(keeper):
    kept = await keeper.answer("oauth", Wrap("data", b"totp secret", CONTEXT))
    assert kept.secret == b""
    opened = await keeper.answer("oauth", Unwrap(kept.data_key, CONTEXT))
    assert opened.secret == b"totp secret"
    assert await keeper.answer("oauth", Forget(kept.data_key)) == Done(document=True)
    assert (await keeper.answer("oauth", Unwrap(kept.data_key, CONTEXT))).kind == "unknown"
    assert [used.operation for used in keeper.uses.flush()] == ["wrap", "unwrap", "forget"]


async def test_a_role_that_may_not_ask_opens_and_shreds_nothing(keeper):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    for request in (Unwrap(made.data_key, CONTEXT), Forget(made.data_key)):
        assert (await keeper.answer("stranger", request)).kind == "not-allowed"
    assert await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT)) == made


@pytest.mark.parametrize("secret", [b"", b"x" * 4097])
async def test_secrets_that_are_not_kept(keeper, secret):
    assert (await keeper.answer("oauth", Wrap("data", secret, CONTEXT))).kind == "malformed"
    assert (await keeper.answer("oauth", Wrap("data", b"x", Context("t" * 257)))).kind == "malformed"


async def test_the_state_of_a_key_counts_at_once(keeper):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    key = put(keeper, await keeper.active("data"), State.SUSPENDED)
    assert (await keeper.answer("gateway", Generate("data", CONTEXT))).kind == "state"
    assert (await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT))).kind == "state"
    key = put(keeper, key, State.ACTIVE)
    assert isinstance(await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT)), DataKey)
    key = put(keeper, key, State.DEACTIVATED)
    assert isinstance(await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT)), DataKey)
    put(keeper, key, State.COMPROMISED)
    assert (await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT))).kind == "state"


async def test_a_mac_is_asked_again_by_the_key_that_made_it(keeper):
    made = await keeper.answer("gateway", Mac("index", b"pan"))
    assert isinstance(made, Signed)
    assert await keeper.answer("gateway", Mac("index", b"pan", made.kid)) == made
    put(keeper, await keeper.active("index"), State.DEACTIVATED)
    assert await keeper.answer("gateway", Mac("index", b"pan", made.kid)) == made
    assert (await keeper.answer("gateway", Mac("index", b"pan"))).kid != made.kid
    assert (await keeper.answer("gateway", Mac("index", b"pan", "no such kid"))).kind == "unknown"


async def test_a_kid_of_another_purpose_does_not_sign(keeper):
    token = await keeper.active("token")
    reply = await keeper.answer("gateway", Sign("message-signature", b"x", token.kid))
    assert (reply.kind, "message-signature" in reply.message) == ("unknown", True)


async def test_public_keys_are_those_that_verify(keeper):
    reply = await keeper.answer("gateway", Public("checkpoint"))
    assert isinstance(reply, PublicKeys)
    assert [key.algorithm for key in reply.keys] == ["EdDSA"]
    put(keeper, await keeper.active("checkpoint"), State.SUSPENDED)
    assert (await keeper.answer("gateway", Public("checkpoint"))).keys == ()


class Gone:
    name, threads = "local", 0

    def __getattr__(self, _):
        def gone(*_):
            raise BackendGone("the device does not answer")

        return gone


class Faulty(Gone):
    def __getattr__(self, _):
        def fail(*_):
            raise ZeroDivisionError("secret 0xdeadbeef")

        return fail


async def test_a_device_that_is_gone_and_one_that_errs(keeper, capsys):
    await keeper.active("message-signature")
    keeper.backends["local"] = Gone()
    assert (await keeper.answer("gateway", Sign("message-signature", b"x"))).kind == "unavailable"
    keeper.backends["local"] = Faulty()
    reply = await keeper.answer("gateway", Sign("message-signature", b"x"))
    assert reply == Refusal("failed", "the signer failed")
    assert "deadbeef" not in capsys.readouterr().out
