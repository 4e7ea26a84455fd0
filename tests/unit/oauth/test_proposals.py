import msgspec
import pytest

from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Asked, Exchange
from ringfence.oauth.proposals import changed_grant, propose
from ringfence.problem import Reason, Refused
from ringfence.store.model import Session


async def exchange_of(bank, **asked) -> Exchange:
    now = bank.clock.now
    return Exchange(
        request=None,
        endpoint=Endpoint.CONSENT,
        listener="public",
        now=now,
        client=await bank.ports.records.client(bank.partner.client_id),
        asked=Asked(redirect_uri="https://p/cb", scope="accounts", code_challenge="x", **asked),
        session=Session(session_hash="s", user_id="user_mia", authenticated_at=now, expires_at=now),
    )


async def test_a_new_grant_is_what_is_asked_for(bank):
    proposal = await propose(await exchange_of(bank), bank.server)
    assert (proposal.scopes, proposal.details, proposal.before) == (("accounts",), (), None)
    assert [one.sentence for one in proposal.wordings] == ["See your accounts"]
    assert proposal.customer == "Mia Berg"


async def test_merge_holds_both_and_replace_only_the_new(bank):
    grant_id = (await bank.partner.tokens(scope="payments accounts"))["grant_id"]
    merged = await propose(await exchange_of(bank, grant_action="merge", grant_id=grant_id), bank.server)
    assert merged.scopes == ("payments", "accounts")
    replaced = await propose(await exchange_of(bank, grant_action="replace", grant_id=grant_id), bank.server)
    assert replaced.scopes == ("accounts",)
    assert merged.text_sha256 != replaced.text_sha256


async def test_a_grant_that_is_over_or_another_customers(bank):
    grant_id = (await bank.partner.tokens())["grant_id"]
    exchange = await exchange_of(bank, grant_action="merge", grant_id=grant_id)
    somebody = msgspec.structs.replace(exchange.session, user_id="user_mia")
    assert (await propose(msgspec.structs.replace(exchange, session=somebody), bank.server)).before
    over = msgspec.structs.replace(exchange, now=exchange.now + 10_000_000)
    with pytest.raises(Refused) as caught:
        await changed_grant(over.asked, over, bank.server)
    assert caught.value.reason is Reason.GRANT_ID_INVALID
