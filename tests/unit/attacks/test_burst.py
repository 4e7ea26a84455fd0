import httpx

from ringfence.attacks import burst


def limited(after: int, **headers: str):
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        if count <= after:
            return httpx.Response(200, json={})
        body = {"type": "urn:ringfence:problem:rate-limited", "title": "Too many calls"}
        return httpx.Response(429, json=body, headers={"content-type": "application/problem+json", **headers})

    return answer


def test_a_burst_counts_what_was_answered_and_shows_the_first_refusal(target_of):
    outcome = burst.run(target_of(limited(70, **{"retry-after": "1"})))
    assert outcome.honest_calls == 70
    assert [one.refused_rightly for one in outcome.tries] == [True]


def test_a_burst_without_word_when_to_come_back_fails(target_of):
    outcome = burst.run(target_of(limited(10)))
    assert not all(one.refused_rightly for one in outcome.tries)


def test_a_burst_that_nothing_stops_gives_up(target_of):
    outcome = burst.run(target_of(limited(10**9)))
    assert outcome.honest_calls == burst.WAVE * burst.WAVES
    assert not outcome.tries[0].refused_rightly
