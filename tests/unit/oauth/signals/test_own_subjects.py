import pytest

from ringfence.events.logins import AuthenticatorEnrolled
from ringfence.events.tokens import GrantRevoked

MIA = {"format": "iss_sub", "iss": "https://bank.example", "sub": "user_mia"}


async def change(receiver, what: str, stream: str, subject=MIA) -> int:
    answer = await receiver.call("POST", f"subjects/{what}", {"stream_id": stream, "subject": subject})
    return answer.status_code


async def test_who_is_left_out_is_told_of_no_more_until_they_are_added(bank, receiver, stranger):
    stream = await receiver.make()
    await stranger.make()
    await receiver.grant()
    await stranger.grant(2)
    assert await change(receiver, "remove", stream) == 204
    assert await change(receiver, "remove", stream) == 204
    revoked = GrantRevoked(bank.clock.now, "c", "g1_client_told", "client_told", "user_mia", "asked")
    await receiver.feed(receiver.ended(), AuthenticatorEnrolled(bank.clock.now, "c", "user_mia"), revoked)
    assert (await receiver.poll())["sets"] == {}
    assert len((await stranger.poll())["sets"]) == 2  # what one leaves out is nobody else's matter
    assert await change(receiver, "add", stream) == 200
    assert await change(receiver, "add", stream) == 200
    await receiver.feed(receiver.ended(), after=3)
    assert len((await receiver.poll())["sets"]) == 1


async def test_a_pairwise_sub_is_the_customers(bank, receiver):
    stream = await receiver.make()
    await receiver.grant()
    sub = bank.ports.subjects.subject("user_mia", "sector.example")
    assert await change(receiver, "remove", stream, MIA | {"sub": sub}) == 204
    assert await bank.ports.records.is_passed_over(stream, "user_mia")


@pytest.mark.parametrize("sub", ["user_gone", "pairwise1.AAAA", "mia"])
async def test_who_is_not_here_is_answered_alike(receiver, sub):
    stream = await receiver.make()
    assert await change(receiver, "remove", stream, MIA | {"sub": sub}) == 204
    assert await change(receiver, "add", stream, MIA | {"sub": sub}) == 200


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "user_mia",
        {},
        {"format": "email", "email": "mia@bank.example"},
        MIA | {"iss": "https://other.example"},
        MIA | {"sub": 5},
        MIA | {"sub": "x" * 256},
    ],
)
async def test_what_is_no_subject_of_ours(receiver, subject):
    stream = await receiver.make()
    assert await change(receiver, "remove", stream, subject) == 400
    assert await change(receiver, "add", stream, subject) == 400


async def test_nobody_changes_anothers_stream(bank, receiver, stranger):
    stream = await receiver.make()
    await stranger.make()
    for what in ("add", "remove"):
        assert await change(stranger, what, stream) == 404
        assert (await receiver.call("POST", f"subjects/{what}", {"subject": MIA})).status_code == 400
    assert not await bank.ports.records.is_passed_over(stream, "user_mia")


async def test_it_goes_with_the_stream_and_with_the_customer(bank, receiver):
    stream = await receiver.make()
    records = bank.ports.records
    await records.pass_over(stream, "user_mia", over=True)
    await records.pass_over("stream_gone", "user_mia", over=True)
    await records.pass_over(stream, "user_gone", over=True)
    assert not await records.is_passed_over("stream_gone", "user_mia")
    assert not await records.is_passed_over(stream, "user_gone")
    await records.remove_signal_stream(stream)
    assert not await records.is_passed_over(stream, "user_mia")
