from ringfence.ids import token_hash
from ringfence.oauth.grants.ciba import SLOWEST
from ringfence.problem import Reason

CIBA = "urn:openid:params:grant-type:ciba"


async def test_until_there_is_an_answer(bank, ciba, ask):
    auth_req_id = (await ask()).json()["auth_req_id"]
    reasons = []
    for _ in range(2):
        await ciba.token({"grant_type": CIBA, "auth_req_id": auth_req_id})
        reasons.append(bank.events.of("TokenDecided")[-1].reason)
    bank.clock.forward(300)
    await ciba.token({"grant_type": CIBA, "auth_req_id": auth_req_id})
    reasons.append(bank.events.of("TokenDecided")[-1].reason)
    expected = (Reason.AUTHORIZATION_PENDING, Reason.SLOW_DOWN, Reason.AUTH_REQUEST_EXPIRED)
    assert reasons == [reason.value for reason in expected]
    assert (await bank.ports.records.backchannel_request(token_hash(auth_req_id))).interval <= SLOWEST
