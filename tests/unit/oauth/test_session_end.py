import pytest

from ringfence.oauth.session_end import end_session, end_sessions
from ringfence.store.blocks import session_block
from ringfence.store.interface import Admission, Unavailable


@pytest.fixture
async def session(bank):
    browser = bank.browser()
    await browser.log_in(await browser.follow(await browser.http.get("/oauth/my/grants")))
    return (await bank.ports.records.list_sessions("user_mia", bank.clock.now))[0]


async def blocked(bank, sid, after=0.0) -> bool:
    found = await bank.ports.fast.admit(Admission(blocks=(session_block(sid),)), bank.clock.now + after)
    return found.blocked >= 0


async def test_the_block_outlives_every_token_of_the_session(bank, session):
    assert await end_session(session, "test", bank.ports, bank.clock.now, "corr")
    assert await blocked(bank, session.sid, 3_600 + 60)
    assert not await end_session(session, "again", bank.ports, bank.clock.now, "corr")
    assert [event.why for event in bank.events.of("SessionEnded")] == ["test"]


async def test_calls_end_even_where_the_records_are_out(bank, session):
    class Gone:
        async def end_session(self, *_: object) -> bool:
            raise Unavailable("gone")

    class Ports:
        records, fast, events = Gone(), bank.ports.fast, bank.events

    with pytest.raises(Unavailable):
        await end_sessions([session], "test", Ports(), bank.clock.now, "corr")
    assert await blocked(bank, session.sid)
