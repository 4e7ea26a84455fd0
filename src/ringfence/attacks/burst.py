"""Attack: call as fast as possible, with a good token, until something gives."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from ringfence.attacks.outcome import Attack, Must, Outcome, Try, judged
from ringfence.attacks.target import Target
from ringfence.clock import Seconds, monotonic_seconds

AT_ONCE: Final = 8
"""Calls in flight."""

WAVE: Final = 64
"""Calls sent before looking whether one was refused."""

WAVES: Final = 10
"""When to give up: no limit for one partner lets so many through in so short a time."""

TOO_MANY: Final = 429


def run(target: Target) -> Outcome:
    """Read accounts in waves until a call is refused; each call has a fresh, right proof."""
    url = target.accounts_url
    began = monotonic_seconds()
    answers: list[tuple[httpx.Response, Seconds]] = []

    def call(fields: dict[str, str]) -> tuple[httpx.Response, Seconds]:
        sent = monotonic_seconds()
        return target.http.get(url, headers=fields), monotonic_seconds() - sent

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(WAVES):
            ready = [target.fields(target.reader, "GET", url) for _ in range(WAVE)]
            answers += pool.map(call, ready)
            if any(not response.is_success for response, _ in answers):
                break
    passed = sum(response.is_success for response, _ in answers)
    return Outcome(
        tuple(_told(answers)),
        honest_calls=passed,
        remark=f"{len(answers)} calls in {monotonic_seconds() - began:.1f} s: {passed} answered, the others refused",
    )


def _told(answers: list[tuple[httpx.Response, Seconds]]) -> list[Try]:
    """Return the first refusal, and every one that was not about the limit or did not say when to come back."""
    must = Must(TOO_MANY, "rate-limited")
    refused = [
        judged("the first call over the limit", must, response, seconds)
        for response, seconds in answers
        if not response.is_success
    ]
    untold = [
        judged("refused without saying when to try again", Must(TOO_MANY, "retry-after"), response, seconds)
        for response, seconds in answers
        if response.status_code == TOO_MANY and not response.headers.get("retry-after", "").isdecimal()
    ]
    if not refused:
        last, seconds = answers[-1]
        return [judged("no call was refused", must, last, seconds)]
    return refused[:1] + [one for one in refused[1:] if not one.refused_rightly] + untold[:1]


ATTACK = Attack("burst", "Burst over the limit", run)
