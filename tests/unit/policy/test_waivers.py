from ringfence.policy.faults import DocumentFault
from ringfence.policy.model import Waiver
from ringfence.policy.waivers import covers, judge, needed


def waiver(fault: str, at: str) -> Waiver:
    return Waiver(fault=fault, at=at, reason="because")


def test_a_waiver_names_a_fault_and_a_place_or_what_is_below() -> None:
    fault = DocumentFault("bad-default", "/a/b/c", "")
    assert covers(waiver("bad-default", "/a/b/c"), fault)
    assert covers(waiver("bad-default", "/a/*"), fault)
    assert covers(waiver("bad-default", "/*"), fault)
    assert not covers(waiver("bad-default", "/a/b"), fault)
    assert not covers(waiver("bad-default", "/a/bb/*"), fault)
    assert not covers(waiver("bad-default", "/a/b/c/*"), fault)
    assert not covers(waiver("invalid-schema", "/a/b/c"), fault)


def test_what_no_waiver_names_stays_open_and_idle_waivers_are_told() -> None:
    faults = [
        DocumentFault("bad-default", "/a", ""),
        DocumentFault("bad-default", "/b", ""),
        DocumentFault("remote-reference", "/c", ""),
    ]
    judged = judge(
        faults,
        [
            waiver("bad-default", "/a"),
            waiver("bad-defaults", "/a"),
            waiver("remote-reference", "/c"),
            waiver("bad-default", "/z"),
        ],
    )
    assert [f.at for f in judged.waived] == ["/a"]
    assert [f.at for f in judged.open] == ["/b", "/c"]
    assert [(index, why) for index, why, _ in judged.idle] == [
        (1, "there is no fault `bad-defaults`"),
        (2, "`remote-reference` cannot be tolerated"),
        (3, "the document has no `bad-default` there"),
    ]


def test_the_waivers_that_are_drafted_cover_everything_that_can_be() -> None:
    faults = [DocumentFault("bad-default", f"/paths/~1a/{m}/x", "") for m in ("get", "put")]
    faults += [DocumentFault("invalid-path", "/paths/~1b", ""), DocumentFault("remote-reference", "/c", "")]
    drafted = needed(faults)
    assert [(w.fault, w.at) for w in drafted] == [("bad-default", "/paths/~1a/*"), ("invalid-path", "/paths/~1b")]
    assert [f.fault for f in judge(faults, drafted).open] == ["remote-reference"]
    nested = [DocumentFault("bad-default", "/a", ""), DocumentFault("bad-default", "/a/b", "")]
    assert judge(nested, needed(nested)).open == ()
