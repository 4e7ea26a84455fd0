from ringfence.keys.publication import jwks_of
from ringfence.keys.schedule import replace, tend


async def test_order_and_stay(keeper, clock):
    old = await keeper.active("token")
    async with keeper.moving["token"]:
        journey = await replace(keeper, "token", clock(), "test", "asked")
    new = keeper.ledger.key(journey.new)

    def kids(keep=3600.0):
        return [key["kid"] for key in jwks_of(keeper.ledger.keys("token"), keep, clock())["keys"]]

    assert kids() == [old.kid, new.kid]
    clock.now += 600
    await tend(keeper, clock())
    assert kids() == [new.kid, old.kid]
    clock.now += 3599
    assert kids() == [new.kid, old.kid]
    clock.now += 1
    assert kids() == [new.kid]
    assert kids(None) == [new.kid, old.kid]


async def test_suspended_keys_are_not_published_and_no_private_member_is(keeper, clock):
    await keeper.active("checkpoint")
    (jwk,) = jwks_of(keeper.ledger.keys("checkpoint"), None, clock())["keys"]
    assert set(jwk) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert jwks_of(keeper.ledger.keys("data"), None, clock()) == {"keys": []}


async def test_security_events_have_an_rsa_key_that_says_rs256(keeper, clock):
    key = await keeper.active("set")
    (jwk,) = jwks_of(keeper.ledger.keys("set"), None, clock())["keys"]
    assert (jwk["alg"], jwk["kty"], jwk["kid"]) == ("RS256", "RSA", key.kid)
