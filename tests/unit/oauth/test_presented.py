import pytest

from ringfence.oauth.presented import genuine_access_token, live_access_token
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import client_block, grant_block, token_block, user_block


async def test_each_thing_that_a_token_stands_on_can_be_blocked(bank):
    raw = (await bank.partner.tokens())["access_token"]
    token = await live_access_token(raw, bank.server, bank.clock.now)
    for key in (
        grant_block(token.grant_id),
        token_block(token.jti),
        client_block("client_one"),
        user_block("user_mia"),
    ):
        await bank.ports.fast.block([key], bank.clock.now + 60, bank.clock.now)
        with pytest.raises(Refused) as caught:
            await live_access_token(raw, bank.server, bank.clock.now)
        assert caught.value.reason is Reason.TOKEN_REVOKED
        await bank.ports.fast.unblock([key])
    await live_access_token(raw, bank.server, bank.clock.now)


async def test_a_revoked_grant_counts_even_without_its_block(bank):
    raw = (await bank.partner.tokens())["access_token"]
    token = genuine_access_token(raw, bank.server, bank.clock.now)
    await bank.ports.records.revoke_grant(token.grant_id, "test", bank.clock.now)
    with pytest.raises(Refused):
        await live_access_token(raw, bank.server, bank.clock.now)
