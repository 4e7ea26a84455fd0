import asyncio
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from ringfence.custody.wire import (
    ContentKey,
    Context,
    DataKey,
    Done,
    Forget,
    Generate,
    Mac,
    Manage,
    OpenKey,
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
from ringfence.keys.purposes import PERSONS, PURPOSES, ROLES, Use
from ringfence.keys.rotation import moved
from ringfence.keys.schedule import replace
from ringfence.keys.states import State

CONTEXT = Context("tenant", "/Data/Account", "user_1")


def put(keeper, key, to):
    changed = moved(key, to, keeper.clock())
    with keeper.ledger.change():
        assert keeper.ledger.replace_key(changed, key.state, "test", keeper.clock())
    keeper.changed(changed)
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


def requests_of(purpose: str, kid: str = "", role: str = ""):
    return {
        Use.TOKEN: SignToken(purpose, "x", b"{}"),
        Use.SIGNATURE: Sign(purpose, b"x"),
        Use.WRAP: Generate(purpose, Context(field=PERSONS) if role == "audit" else CONTEXT),
        Use.MAC: Mac(purpose, b"x"),
        Use.OPEN: OpenKey(purpose, kid, b"x" * 384, 32),
    }


@pytest.mark.parametrize("purpose", list(PURPOSES))
@pytest.mark.parametrize("role", [*ROLES, "stranger"])
async def test_a_role_gets_what_its_row_says_and_no_more(keeper, purpose, role):
    kid = (await keeper.active(purpose)).kid
    for use, request in requests_of(purpose, kid, role).items():
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
    kept = await keeper.answer("gateway", Wrap("data", b"totp secret", CONTEXT))
    assert kept.secret == b""
    opened = await keeper.answer("gateway", Unwrap(kept.data_key, CONTEXT))
    assert opened.secret == b"totp secret"
    assert await keeper.answer("gateway", Forget(kept.data_key)) == Done(document=True)
    assert (await keeper.answer("gateway", Unwrap(kept.data_key, CONTEXT))).kind == "unknown"
    assert [used.operation for used in keeper.uses.flush()] == ["wrap", "unwrap", "forget"]


async def test_a_role_that_may_not_ask_opens_and_shreds_nothing(keeper):
    made = await keeper.answer("gateway", Generate("data", CONTEXT))
    for request in (Unwrap(made.data_key, CONTEXT), Forget(made.data_key)):
        assert (await keeper.answer("stranger", request)).kind == "not-allowed"
    assert await keeper.answer("gateway", Unwrap(made.data_key, CONTEXT)) == made


@pytest.mark.parametrize("secret", [b"", b"x" * 4097])
async def test_secrets_that_are_not_kept(keeper, secret):
    assert (await keeper.answer("gateway", Wrap("data", secret, CONTEXT))).kind == "malformed"
    assert (await keeper.answer("gateway", Wrap("data", b"x", Context("t" * 257)))).kind == "malformed"


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


def sealed_to(keeper, kid, secret):
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return load_der_public_key(keeper.ledger.key(kid).public).encrypt(secret, oaep)


async def test_a_content_key_opens_or_becomes_a_random_one_and_nothing_tells_which(keeper):
    (public,) = (await keeper.answer("gateway", Public("payload"))).keys
    for size in (16, 24, 32):
        sealed = sealed_to(keeper, public.kid, b"k" * size)
        assert await keeper.answer("gateway", OpenKey("payload", public.kid, sealed, size)) == ContentKey(b"k" * size)
        for wrapped, asked in (
            (sealed, 48 - size if size != 24 else 16),
            (b"", size),
            (b"x" * 384, size),
            (sealed[1:], size),
        ):
            one, two = [
                await keeper.answer("gateway", OpenKey("payload", public.kid, wrapped, asked)) for _ in range(2)
            ]
            assert len(one.secret) == len(two.secret) == asked
            assert one != two
    assert "kk" not in repr(ContentKey(b"k" * 32))
    for wrapped, size in ((b"x" * 384, 31), (b"x" * 384, 1 << 30), (b"x" * 384, -1), (b"x" * 1025, 32)):
        reply = await keeper.answer("gateway", OpenKey("payload", public.kid, wrapped, size))
        assert (type(reply), reply.kind) == (Refusal, "malformed")
    assert {used.operation for used in keeper.uses.flush()} == {"open-key"}


async def test_content_keys_open_by_the_keys_of_their_purpose_and_state_only(keeper, clock):
    token = await keeper.active("token")
    old = (await keeper.active("payload")).kid
    sealed = sealed_to(keeper, old, b"k" * 16)
    for kid in (token.kid, "none", ""):
        assert (await keeper.answer("gateway", OpenKey("payload", kid, sealed, 16))).kind == "unknown"
    assert (await keeper.answer("gateway", OpenKey("token", token.kid, sealed, 16))).kind == "not-allowed"
    await replace(keeper, "payload", clock(), "test", "a test")
    new = (await keeper.active("payload")).kid
    assert new != old
    assert await keeper.answer("gateway", OpenKey("payload", old, sealed, 16)) == ContentKey(b"k" * 16)
    keys = (await keeper.answer("gateway", Public("payload"))).keys
    assert [key.kid for key in keys] == [new, old]
    (published,) = jwks_of(keeper.ledger.keys("payload"), 0.0, clock())["keys"]
    assert (published["kid"], published["use"], published["alg"]) == (new, "enc", "RSA-OAEP-256")
    put(keeper, keeper.ledger.key(old), State.COMPROMISED)
    assert (await keeper.answer("gateway", OpenKey("payload", old, sealed, 16))).kind == "state"


async def test_a_device_that_is_gone_is_no_key_that_does_not_open(keeper, monkeypatch):
    kid = (await keeper.active("payload")).kid

    def gone(*_):
        raise BackendGone("pulled out")

    monkeypatch.setattr(keeper.backends["local"], "decrypt", gone)
    assert (await keeper.answer("gateway", OpenKey("payload", kid, b"x" * 384, 32))).kind == "unavailable"


async def test_a_data_key_is_for_the_one_role_that_holds_keys_of_its_field(keeper):
    persons = Context(field=PERSONS)
    theirs = await keeper.answer("audit", Generate("data", persons))
    field = await keeper.answer("gateway", Generate("data", CONTEXT))
    assert isinstance(theirs, DataKey)
    assert isinstance(field, DataKey)
    for holder, made, context in (("audit", theirs, persons), ("gateway", field, CONTEXT)):
        for role in ROLES:
            replies = [
                await keeper.answer(role, request)
                for request in (
                    Generate("data", context),
                    Wrap("data", b"secret", context),
                    Unwrap(made.data_key, context),
                    *([] if role == holder else [Forget(made.data_key)]),
                )
            ]
            kinds = {reply.kind if isinstance(reply, Refusal) else "done" for reply in replies}
            assert kinds == {"done" if role == holder else "not-allowed"}, (role, holder)
    assert (await keeper.answer("audit", Unwrap(theirs.data_key, persons))).secret == theirs.secret
    assert (await keeper.answer("gateway", Unwrap(field.data_key, CONTEXT))).secret == field.secret
