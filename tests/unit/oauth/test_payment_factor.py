"""Who could approve a payment; `tests/conformance/test_payments_by_passkey.py` and `test_dynamic_linking.py` approve them."""

import msgspec
import pytest

from ringfence.oauth.exchange import Server
from ringfence.oauth.payment_factor import require_able
from ringfence.problem import Reason, Refused
from ringfence.store.model import Passkey, User

MIA = User(user_id="user_mia", username="mia", password_hash="h", created_at=1.0)


async def test_who_has_neither_passkey_nor_authenticator_cannot_approve_a_payment(bank) -> None:
    with pytest.raises(Refused) as refused:
        await require_able(MIA, bank.server)
    assert refused.value.reason is Reason.AUTHENTICATION_UNMET


async def test_an_authenticator_or_a_passkey_will_do(bank) -> None:
    able = msgspec.structs.replace(MIA, totp_secret="sealed")
    assert await require_able(able, bank.server) is able
    key = Passkey(credential_id="a2V5", user_id="user_mia", public_key="cA", sign_count=0, name="Phone", created_at=1.0)
    assert await bank.ports.records.add_passkey(key)
    assert await require_able(MIA, bank.server) is MIA
    # where passkeys cannot be used they approve nothing either
    nowhere = Server(msgspec.structs.replace(bank.server.profile, passkeys=None), bank.ports)
    with pytest.raises(Refused):
        await require_able(MIA, nowhere)
