import msgspec

from ringfence.keys.ports import KeyUnusable


async def test_a_signer_that_fails_does_not_spend_the_code(bank):
    class Broken:
        def __init__(self, signer) -> None:
            self.public_jwks = signer.public_jwks

        async def sign(self, claims, typ):
            raise KeyUnusable("gone")

    code = await bank.partner.code()
    broken = type(bank)(
        bank.policy, msgspec.structs.replace(bank.ports, signer=Broken(bank.ports.signer)), bank.clock, bank.events
    )
    answer = await broken.http.post(
        "/oauth/token",
        data=bank.partner.authenticated(bank.partner.redemption(code)),
        headers={"dpop": bank.partner.proof("/oauth/token")},
    )
    await broken.http.aclose()
    assert answer.status_code == 500
    assert (await bank.partner.token(bank.partner.redemption(code))).status_code == 200


async def test_a_code_of_a_revoked_grant_is_worth_nothing(bank):
    code = await bank.partner.code()
    (grant,) = await bank.ports.records.list_grants()
    await bank.ports.records.revoke_grant(grant.grant_id, "test", bank.clock.now)
    assert (await bank.partner.token(bank.partner.redemption(code))).json()["error"] == "invalid_grant"


async def test_a_wrong_verifier_does_not_spend_the_code(bank):
    code = await bank.partner.code()
    wrong = await bank.partner.token(bank.partner.redemption(code, code_verifier="b" * 43))
    assert wrong.json()["error"] == "invalid_grant"
    assert (await bank.partner.token(bank.partner.redemption(code))).status_code == 200


async def test_a_late_and_clumsy_replay_still_ends_the_grant(bank):
    """Expired by now, without its verifier: the code has leaked all the same."""
    code = await bank.partner.code()
    body = (await bank.partner.token(bank.partner.redemption(code))).json()
    bank.clock.forward(120)
    again = await bank.partner.token(bank.partner.redemption(code, code_verifier=None))
    assert again.json()["error"] == "invalid_grant"
    assert (await bank.partner.userinfo(body["access_token"])).status_code == 401
