import json

import pytest

from ringfence.fetching import Answered, Unfetchable
from ringfence.oauth.signals import ask as module
from ringfence.oauth.signals.ask import MOST_AT_ONCE, Settled, ask
from ringfence.store.interface import Unavailable
from tests.signal_transmitter import SECRET

POLL = {"url": "https://idp.example/poll", "token_file": "secret"}


@pytest.fixture
def polled(idp):
    idp.believed(poll=POLL, push=None)
    return idp


def sets(more: bool = False, **tokens) -> Answered:
    return Answered(200, json.dumps({"sets": tokens, "moreAvailable": more}).encode())


async def asked(polled, way, settled: Settled | None = None) -> Settled:
    return await ask(polled.known, polled.known.rule.poll, settled or Settled(), polled.server, way)


def said(way) -> dict:
    return json.loads(way.tokens[-1])


async def test_events_are_taken_and_told_as_taken_in_the_next_request(polled, way):
    await polled.logged_in()
    way.answers = [sets(**{"jti-1": polled.signed(polled.claims())}), sets()]
    settled = await asked(polled, way)
    assert await polled.logins() == []
    assert (settled.taken, settled.refused, settled.more) == (("jti-1",), {}, True)
    assert way.seen[0][0] == POLL["url"]
    assert way.seen[0][2:] == ("application/json", f"Bearer {SECRET}")
    assert said(way) == {"maxEvents": MOST_AT_ONCE, "returnImmediately": True}
    assert not (await asked(polled, way, settled)).more
    assert said(way)["ack"] == ["jti-1"]
    (event,) = polled.received()
    assert (event.network, event.outcome) == ("", "acts")


async def test_events_that_do_not_count_are_told_with_their_error(polled, way):
    good = polled.claims()
    way.answers = [
        sets(
            **{
                "a": polled.signed(polled.claims(jti="a", aud="other")),
                "b": "x",
                "c": 5,
                "d": polled.signed(polled.claims(jti="another")),
                good["jti"]: polled.signed(good),
            }
        )
    ]
    settled = await asked(polled, way)
    assert settled.taken == (good["jti"],)
    errors = {jti: told["err"] for jti, told in settled.refused.items()}
    assert errors == {"a": "invalid_audience", "b": "invalid_request", "c": "invalid_request", "d": "invalid_request"}
    assert all(told["description"] for told in settled.refused.values())
    way.answers = [sets()]
    await asked(polled, way, settled)
    assert said(way)["setErrs"] == settled.refused
    (state,) = await polled.bank.ports.records.transmitter_states()
    assert state.refused == 4


async def test_an_event_that_comes_again_is_taken_again_and_does_nothing(polled, way):
    answer = sets(**{"jti-1": polled.signed(polled.claims())})
    way.answers = [answer, answer]
    for _ in range(2):
        assert (await asked(polled, way)).taken == ("jti-1",)
    assert len(polled.received()) == 1


async def test_what_is_too_many_for_an_hour_is_left_where_it_is(polled, way):
    polled.believed(poll=POLL, push=None, acts_per_hour=1)
    tokens = {f"jti-{n}": polled.signed(polled.claims()) for n in (1, 2, 3)}
    way.answers = [sets(more=True, **tokens)]
    settled = await asked(polled, way)
    assert (settled.taken, settled.refused) == (("jti-1",), {})


async def test_what_cannot_be_kept_is_left_where_it_is(polled, way, monkeypatch):
    async def gone(*_args, **_more):
        raise Unavailable("gone")

    monkeypatch.setattr(module, "take", gone)
    way.answers = [sets(more=True, **{"jti-1": polled.signed(polled.claims())})]
    assert await asked(polled, way) == Settled()


async def test_more_than_was_asked_for_is_not_read(polled, way):
    way.answers = [sets(**{f"x{n}": "x" for n in range(MOST_AT_ONCE + 5)})]
    assert len((await asked(polled, way)).refused) == MOST_AT_ONCE


@pytest.mark.parametrize(
    "answer",
    [
        Answered(401, b""),
        Answered(302, b""),
        Answered(202, b"{}"),
        Answered(200, b"no"),
        Answered(200, b"[]"),
        Answered(200, b'{"sets": []}'),
        Answered(200, b'{"sets": {}, "sets": {}}'),
        Unfetchable("gone"),
    ],
)
async def test_what_is_no_answer(polled, way, answer):
    way.answers = [answer]
    with pytest.raises(Unfetchable):
        await asked(polled, way)


async def test_a_token_that_cannot_be_read_asks_nobody(polled, way):
    polled.files.secrets.clear()
    with pytest.raises(Unavailable):
        await asked(polled, way)
    assert way.seen == []
