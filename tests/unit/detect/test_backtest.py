import msgspec

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.backtest import NOBODY, Setup, compare, outcome
from ringfence.detect.load import in_force, shipped
from ringfence.detect.playbook import Playbook
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
    old = Setup(in_force(shipped(), {"path-probing": "off"}))
    new = Setup(in_force(shipped(), {"path-probing": "enforce"}))
    found = compare(old, new, EVENTS)
    assert [alert.rule for alert in found.more] == ["path-probing"]
    assert [(act.kind, act.value) for act in found.new_acts] == [("block", "192.0.2.1")]
    assert found.fewer == found.lost_acts == ()
    back = compare(new, old, EVENTS)
    assert (len(back.fewer), len(back.lost_acts)) == (1, 1)


def test_nothing_differs_from_itself() -> None:
    found = compare(Setup(shipped()), Setup(shipped()), EVENTS)
    assert msgspec.structs.astuple(found)[1:] == ((), (), (), (), ())
    assert found.is_none


def probing(client: str, start: float, user: str = "u") -> list[CallDecided]:
    refused = {"allowed": False, "status": 403, "reason": "object-not-granted", "client": client, "user": user}
    return [
        CallDecided(Instant(start + n), "c", "t", operation="GetAccount", network="192.0.2.1", **refused)
        for n in range(40)
    ]


def setup(steps: list[dict], ladder: dict | None = None, mode: str = "on") -> Setup:
    raw = {"id": "probing", "title": "Objects probed", "description": "Does something.", "mode": mode}
    book = msgspec.convert(raw | {"rules": ["object-probing"], "steps": steps, "ladder": ladder}, Playbook)
    return Setup(in_force(shipped(), {"object-probing": "enforce"}), (book,))


def numbered(*series: list[CallDecided]) -> list[tuple[int, CallDecided]]:
    return list(enumerate((event for one in series for event in one), 1))


def test_a_changed_playbook_is_told_partner_by_partner() -> None:
    events = numbered(probing("c_a", 1000), probing("c_b", 2000))
    old = setup([{"do": "throttle", "of": "client"}])
    new = setup([{"do": "throttle", "of": "client"}, {"do": "suspend", "of": "client"}])
    found = compare(old, new, events)
    assert (found.more, found.fewer, found.lost_acts) == ((), (), ())
    assert [(act.kind, act.value, act.hold) for act in found.new_acts] == [
        ("suspend", "c_a", True),
        ("suspend", "c_b", True),
    ]
    assert [(one.partner, one.kind, one.before, one.after) for one in found.partners] == [
        ("c_a", "suspend (held)", 0, 1),
        ("c_b", "suspend (held)", 0, 1),
    ]
    dry = compare(old, setup([{"do": "throttle", "of": "client"}], mode="dry-run"), events)
    assert [(one.kind, one.before, one.after) for one in dry.partners if one.partner == "c_a"] == [
        ("throttle", 1, 0),
        ("throttle (dry-run)", 0, 1),
    ]


def test_a_ladder_is_climbed_in_the_time_of_the_events() -> None:
    rungs = [{"steps": [{"do": "throttle", "of": "client"}]}, {"steps": [{"do": "block", "of": "client"}]}]
    new = setup([], {"of": "client", "within": "1d", "rungs": rungs})
    quick = outcome(new, numbered(probing("c_a", 1000), probing("c_a", 20_000)))
    assert [(act.kind, act.playbook) for _, act in quick.acts] == [("throttle", "probing/1"), ("block", "probing/2")]
    slow = outcome(new, numbered(probing("c_a", 1000), probing("c_a", 200_000)))
    assert [act.playbook for _, act in slow.acts] == ["probing/1", "probing/1"]


def test_what_nobody_called_through_has_no_partner() -> None:
    rules = in_force(shipped(), {"path-probing": "enforce"})
    found = compare(Setup(in_force(shipped(), {"path-probing": "off"})), Setup(rules), EVENTS)
    assert [(one.partner, one.kind, one.before, one.after) for one in found.partners] == [(NOBODY, "block", 0, 1)]
    assert all(isinstance(alert, Alert) for alert in found.more)
