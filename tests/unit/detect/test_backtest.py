import msgspec

from ringfence.clock import Instant
from ringfence.detect.backtest import compare
from ringfence.detect.load import in_force, shipped
from ringfence.events import CallDecided

EVENTS = [
    (
        n,
        CallDecided(
            Instant(n), "c", "t", allowed=False, status=404, reason="unknown-path", path=f"/p{n}", network="192.0.2.1"
        ),
    )
    for n in range(1, 40)
]


def test_what_differs_is_told_with_the_acts() -> None:
    old = in_force(shipped(), {"path-probing": "off"})
    new = in_force(shipped(), {"path-probing": "enforce"})
    found = compare(old, new, EVENTS)
    assert [alert.rule for alert in found.more] == ["path-probing"]
    assert [(act.kind, act.value) for act in found.new_acts] == [("block", "192.0.2.1")]
    assert found.fewer == found.lost_acts == ()
    back = compare(new, old, EVENTS)
    assert (len(back.fewer), len(back.lost_acts)) == (1, 1)


def test_nothing_differs_from_itself() -> None:
    found = compare(shipped(), shipped(), EVENTS)
    assert msgspec.structs.astuple(found)[1:] == ((), (), (), ())


def test_what_detection_says_of_itself_is_an_alert_and_no_act() -> None:
    future = msgspec.structs.replace(EVENTS[0][1], at=Instant(10_000_000.0))
    events = [*EVENTS, (40, future), (41, EVENTS[-1][1])]
    found = compare(in_force(shipped(), {"path-probing": "off"}), in_force(shipped(), {}), events)
    assert "path-probing" in {alert.rule for alert in found.more}
