from ringfence.ids import token_hash
from ringfence.store.blocks import key_block


async def test_a_hint_by_a_key_that_is_believed_no_more(bank, ciba, ask):
    raw = (await ciba.tokens())["id_token"]
    asked = {"login_hint": None, "id_token_hint": raw}
    assert (await ask(**asked)).status_code == 200
    kid = bank.ports.signer.public_jwks()["keys"][0]["kid"]
    await bank.ports.fast.block([key_block(kid)], bank.clock.now + 100, bank.clock.now)
    answer = await ask(**asked)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_disabled_customer_is_nobody(bank, ask):
    await bank.ports.records.set_user_status("user_mia", "disabled")
    body = (await ask()).json()
    assert (await bank.ports.records.backchannel_request(token_hash(body["auth_req_id"]))).user_id == ""
