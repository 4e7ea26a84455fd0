import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ringfence.demo import authenticator
from ringfence.demo.authenticator import Authenticator

SECRET = base64.b32encode(b"12345678901234567890").decode()


def test_three_codes_without_waiting_and_then_the_next_when_its_time_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_800_000_010.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(authenticator.time, "sleep", sleep)
    app = Authenticator(SECRET, lambda: now[0])
    totp = TOTP(base64.b32decode(SECRET), 6, SHA1(), 30)
    expected = [totp.generate(1_800_000_010 + 30 * step).decode() for step in (-1, 0, 1, 2)]
    assert [app.code() for _ in range(3)] == expected[:3]
    assert not slept
    assert app.code() == expected[3]
    assert slept == [20.0]
