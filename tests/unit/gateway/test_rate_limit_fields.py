from pathlib import Path

import http_sf
import msgspec
import pytest
from calls import limited, limits, operation, request
from world import World

from ringfence.gateway.rate_limit_fields import OverLimit, fields, told
from ringfence.message import Response
from ringfence.policy.limits_model import InFlight, Limit, Quota
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Standing

BURST = ("burst", Limit(per="client", rate_per_second=2, burst=99))
SLOW = ("slow", Limit(per="operation", rate_per_second=0.01, burst=2))
SHARED = ("shared", Limit(per="everyone", rate_per_second=100, burst=9))


def test_the_fields_are_structured_and_tell_the_tightest_of_ones_own() -> None:
    standings = [Standing(50, 25.2), Standing(7, 300.0), Standing(0, 1.0)]
    assert fields((BURST, SLOW, SHARED), standings) == (
        ("ratelimit-policy", '"burst";q=100;w=50, "slow";q=3;w=300'),
        ("ratelimit", '"slow";r=7;t=300'),
    )
    assert fields((BURST,), standings[:1]) == (
        ("ratelimit-policy", '"burst";q=100;w=50'),
        ("ratelimit", '"burst";r=50;t=26'),
    )


@pytest.mark.parametrize("refusing", [-1, 0, 1, 2])
def test_a_parser_reads_what_was_meant(refusing: int) -> None:
    answer = dict(fields((BURST, SLOW, SHARED), [Standing(3, 0.2), Standing(9, 1.5), Standing(0, 0.1)], refusing))
    policy, limit = (http_sf.parse(answer[n].encode(), tltype="list") for n in ("ratelimit-policy", "ratelimit"))
    assert policy == [("burst", {"q": 100, "w": 50}), ("slow", {"q": 3, "w": 300})]
    name, left, seconds = [("burst", 3, 1), ("burst", 0, 1), ("slow", 0, 2), ("shared", 0, 1)][refusing + 1]
    assert limit == [(name, {"r": left, "t": seconds})]


def test_each_kind_of_limit_is_told_in_its_units() -> None:
    day = ("day", Limit(per="client", quota=Quota(calls=500)))
    month = ("month", Limit(per="client", quota=Quota(calls=9000, window="month")))
    once = ("once", Limit(per="client", in_flight=InFlight(calls=4)))
    standings = [Standing(400, 3600.0), Standing(300, 99999.0), Standing(1, 0.0)]
    assert fields((day, month, once), standings) == (
        ("ratelimit-policy", '"day";q=500;w=86400, "month";q=9000, "once";q=4;qu="concurrent-requests"'),
        ("ratelimit", '"month";r=300;t=99999'),
    )
    assert fields((once,), standings[2:])[1] == ("ratelimit", '"once";r=1;t=0')


def test_what_others_use_is_not_told() -> None:
    assert fields((SHARED,), [Standing(4, 1.0)]) == ()
    assert fields((SHARED,), [Standing(0, 1.0)], 0) == (("ratelimit", '"shared";r=0;t=1'),)


def test_the_upstreams_own_fields_go_where_ours_come() -> None:
    theirs = Response(200, (("ratelimit", '"x";r=1'), ("ratelimit-policy", '"x";q=1'), ("etag", '"1"')), b"")
    assert told(theirs, None, None) is theirs
    assert told(theirs, limited(operation(), request()), Refused(Reason.BODY_INVALID)) is theirs
    over = OverLimit(Reason.RATE_LIMITED, "", (), (("ratelimit", '"a";r=0;t=1'),))
    assert told(theirs, None, over).headers == (("etag", '"1"'), ("ratelimit", '"a";r=0;t=1'))


async def test_answers_tell_what_is_left_whatever_they_are(tmp_path: Path) -> None:
    rule = Limit(per="client", rate_per_second=1.0, burst=9)
    world = World(tmp_path, demands={"limits": limits(slow=rule), "cost": 4})
    theirs = (("ratelimit", '"x";r=9999'), ("content-type", "application/json"))
    world.upstream.answer = Response(200, theirs, b"{}")
    passed = await world.call(world.request())
    refused = (await world.refused(world.request(query="debug=1")))[1]
    over = (await world.refused(world.request()))[1]
    told = [[value for name, value in answer.headers if name == "ratelimit"] for answer in (passed, refused, over)]
    assert told == [['"slow";r=6;t=4'], ['"slow";r=2;t=8'], ['"slow";r=0;t=2']]
    assert dict(over.headers)["retry-after"] == "2"
    assert {dict(answer.headers)["ratelimit-policy"] for answer in (passed, refused, over)} == {'"slow";q=10;w=10'}
    unknown = (await world.refused(world.request(token="x")))[1]
    assert "ratelimit" not in dict(unknown.headers)


async def test_a_policy_tells_nothing_of_limits_if_it_wants_to(tmp_path: Path) -> None:
    world = World(tmp_path, demands={"limits": limits(slow=Limit(per="client", rate_per_second=1.0, burst=1))})
    world.gateway.replace(msgspec.structs.replace(world.gateway._rules, tell_limits=False))
    answers = [await world.call(world.request()) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert all("ratelimit" not in dict(answer.headers) for answer in answers)
    assert dict(answers[2].headers)["retry-after"] == "1"
