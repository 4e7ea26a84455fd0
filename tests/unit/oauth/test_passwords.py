import asyncio

import pytest

from ringfence.clock import monotonic_seconds
from ringfence.oauth.passwords import MAX_PASSWORD_BYTES, Argon2Passwords, hash_password
from ringfence.problem import Reason, Refused

STORED = hash_password("pässword")


async def test_the_right_password_and_others():
    passwords = Argon2Passwords()
    assert STORED.startswith("$argon2id$")
    await passwords.verify(STORED, "pässword")
    for stored, presented in (
        (STORED, "password"),
        (STORED, ""),
        ("", "pässword"),
        ("", "nobody has this password"),
        ("garbage", "x"),
        (STORED, "x" * (MAX_PASSWORD_BYTES + 1)),
    ):
        with pytest.raises(Refused) as caught:
            await passwords.verify(stored, presented)
        assert caught.value.reason is Reason.LOGIN_FAILED


async def test_a_user_who_does_not_exist_takes_as_long():
    passwords = Argon2Passwords()
    took = []
    for stored in (STORED, ""):
        best = 9.0
        for _ in range(3):
            began = monotonic_seconds()
            with pytest.raises(Refused):
                await passwords.verify(stored, "wrong")
            best = min(best, monotonic_seconds() - began)
        took.append(best)
    # the machine may be busy; without the stand-in the two differ a thousandfold
    assert 0.1 < took[0] / took[1] < 10


async def test_a_crowd_is_turned_away_and_the_loop_stays_free():
    passwords = Argon2Passwords()
    answers = await asyncio.gather(*(passwords.verify("", "x") for _ in range(70)), return_exceptions=True)
    reasons = [answer.reason for answer in answers]
    assert reasons.count(Reason.OVERLOADED) == 6
    assert reasons.count(Reason.LOGIN_FAILED) == 64


@pytest.mark.parametrize("password", ["", "x" * (MAX_PASSWORD_BYTES + 1)])
def test_passwords_that_are_none(password):
    with pytest.raises(ValueError, match="1 to 1024"):
        hash_password(password)
