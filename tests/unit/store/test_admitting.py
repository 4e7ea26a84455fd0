"""All of what limits a call is charged, or nothing."""

from typing import Any

from ringfence.clock import Instant
from ringfence.policy.limits_model import Adaptive, Trust
from ringfence.store.admitting import blemish, charge, release
from ringfence.store.interface import Admission, Admitted, Bucket, Lease, Quota, Weighed, Weight

NOW = Instant(1_760_000_000.0)


def test_all_buckets_or_none() -> None:
    rows: dict[bytes, bytes] = {}
    wide, narrow = Bucket(b"w", 1.0, 9.0), Bucket(b"n", 1.0, 1.0)
    for left in (1, 0):
        answer, updates = charge(Admission(buckets=(wide, narrow)), rows.get, NOW)
        assert (answer.limited, answer.remaining) == (-1, left)
        rows.update(updates)
    before = dict(rows)
    refused, updates = charge(Admission(buckets=(wide, narrow)), rows.get, NOW)
    assert (refused.limited, refused.retry_after, updates) == (1, 1.0, [])
    assert rows == before
    assert [(s.left, s.seconds) for s in refused.standings] == [(7, 3.0), (0, 1.0)]


def test_of_two_that_refuse_the_one_is_told_that_takes_longer() -> None:
    rows: dict[bytes, bytes] = {}
    quick, slow = Bucket(b"q", 0.1, 0.0), Bucket(b"s", 10.0, 0.0)
    rows.update(charge(Admission(buckets=(quick, slow)), rows.get, NOW)[1])
    answer, _ = charge(Admission(buckets=(quick, slow)), rows.get, NOW)
    assert (answer.limited, answer.retry_after) == (1, 10.0)


DAY = 86_400


def quota(cost: int = 1, most: int = 3, slot: int = 7, ends: float = DAY) -> Quota:
    return Quota(b"q", most, cost, slot, Instant(NOW + ends))


def lease(seconds: float = 60, most: int = 2, now: float = NOW) -> Lease:
    return Lease(b"l", most, Instant(now + seconds))


class Kept:
    """Rows that keep what they are told to."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}

    def charge(self, *limits: Bucket | Quota | Lease, now: float = NOW) -> Admitted:
        asked = Admission(
            buckets=tuple(one for one in limits if isinstance(one, Bucket)),
            quotas=tuple(one for one in limits if isinstance(one, Quota)),
            leases=tuple(one for one in limits if isinstance(one, Lease)),
        )
        answer, updates = charge(asked, self.rows.get, Instant(now))
        self.rows.update(updates)
        return answer

    def release(self, *leases: Lease, until: Instant | None = None) -> None:
        for key, row in release(leases, self.rows.get, until):
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row


def test_a_quota_ends_with_its_day_and_not_before() -> None:
    kept = Kept()
    assert [kept.charge(quota()).remaining for _ in range(3)] == [2, 1, 0]
    over = kept.charge(quota())
    assert (over.limited, over.retry_after, over.standings[0].left) == (0, DAY, 0)
    assert kept.charge(quota(slot=8, ends=2 * DAY)).remaining == 2


def test_a_call_that_costs_more_than_is_left_takes_nothing() -> None:
    kept = Kept()
    kept.charge(quota())
    over = kept.charge(quota(cost=3))
    assert (over.limited, over.standings[0].left) == (0, 2)
    assert kept.charge(quota(cost=2)).remaining == 0


def test_a_call_from_before_midnight_counts_into_the_day_that_has_begun() -> None:
    kept = Kept()
    for _ in range(3):
        kept.charge(quota(slot=8, ends=2 * DAY))
    assert kept.charge(quota(slot=7)).limited == 0


def test_a_day_that_a_wrong_clock_had_begun_does_not_shut_anybody_out() -> None:
    kept = Kept()
    for _ in range(3):
        kept.charge(quota(slot=900, ends=900 * DAY))
    assert kept.charge(quota(slot=8)).limited == -1


def test_places_in_flight_come_back_or_end() -> None:
    kept = Kept()
    assert [kept.charge(lease()).limited for _ in range(3)] == [-1, -1, 0]
    kept.release(lease())
    assert kept.charge(lease()).limited == -1
    assert kept.charge(lease(now=NOW + 59), now=NOW + 59).limited == 0
    assert kept.charge(lease(now=NOW + 60), now=NOW + 60).limited == -1
    kept.release(lease(now=NOW + 60))
    assert kept.rows == {}


def test_a_place_that_was_never_taken_gives_nothing_back() -> None:
    kept = Kept()
    for _ in range(2):
        kept.charge(lease())
    kept.release(lease(seconds=61))
    kept.release(Lease(b"other", 2, Instant(NOW + 60)))
    assert kept.charge(lease()).limited == 0


def test_a_place_is_held_on() -> None:
    kept = Kept()
    kept.charge(lease(most=1))
    kept.release(lease(), until=Instant(NOW + 120))
    assert kept.charge(lease(now=NOW + 100, most=1), now=NOW + 100).limited == 0
    kept.release(lease(120))
    assert kept.charge(lease(now=NOW + 100, most=1), now=NOW + 100).limited == -1


def test_places_that_a_wrong_clock_had_given_do_not_last_for_ever() -> None:
    kept = Kept()
    for _ in range(2):
        kept.charge(lease(now=NOW + 9 * DAY), now=NOW + 9 * DAY)
    assert kept.charge(lease()).limited == -1


def test_a_refused_call_takes_nothing_from_any_limit() -> None:
    for spent in (Bucket(b"b", 1.0, 0.0), quota(most=1), lease(most=1)):
        kept = Kept()
        kept.charge(spent)
        before = dict(kept.rows)
        others = (Bucket(b"b2", 1.0, 9.0), Quota(b"q2", 9, 1, 7, Instant(NOW + DAY)), Lease(b"l2", 9, Instant(NOW + 9)))
        assert kept.charge(spent, *others).limited >= 0
        assert kept.rows == before


def weighted(risk: float, **more: Any) -> Bucket:
    rule = Adaptive(factor=4, power=2, trust=Trust(up_to=2, after_calls=4, half_life_seconds=DAY))
    return Bucket(b"b", 1.0, 9.0, weight=Weight(rule, risk, 10, **more))


def test_a_bucket_with_a_weight_is_charged_what_the_call_weighs() -> None:
    kept = Kept()
    answer = kept.charge(weighted(0.5))
    assert answer.weighed == Weighed(0.5, 2.0, 1.0, held=False, index=0)
    assert answer.standings[0].left == 8
    assert kept.charge(weighted(0.0)).weighed == Weighed(0.5, 2.0, 1.0, held=True, index=0)


def test_a_refused_call_earns_nothing_and_its_risk_is_remembered() -> None:
    kept = Kept()
    for _ in range(20):
        kept.charge(weighted(0.0))
    before = dict(kept.rows)
    assert kept.charge(weighted(0.0)).limited == 0
    assert kept.rows == before
    over = kept.charge(weighted(0.9))
    assert over.limited == 0
    assert over.weighed is not None
    assert kept.rows[b"b" + b"b"] == before[b"b" + b"b"]
    assert kept.charge(weighted(0.0), now=NOW + 100).weighed == Weighed(0.9, 1 + 4 * 0.81, 1.0, held=True, index=0)


def test_a_blemish_halves_what_was_earned_and_makes_no_row() -> None:
    kept = Kept()
    for _ in range(4):
        kept.charge(weighted(0.0))
    kept.rows.update(blemish((b"b", b"unknown"), kept.rows.get))
    assert b"ehunknown" not in kept.rows
    weighed = kept.charge(weighted(0.0)).weighed
    assert weighed is not None
    assert weighed.trust == 1.5


def test_of_two_weights_the_dearer_is_told() -> None:
    dear = Bucket(b"d", 1.0, 99.0, weight=Weight(Adaptive(factor=9), 1.0, 50))
    weighed = Kept().charge(weighted(1.0), dear).weighed
    assert weighed is not None
    assert (weighed.index, weighed.cost) == (1, 10.0)
