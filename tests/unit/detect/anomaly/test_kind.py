import random

import msgspec

from ringfence.detect.anomaly.baseline import WIDTH, Own
from ringfence.detect.anomaly.conformal import draw
from ringfence.detect.anomaly.kind import Kind


def lived(days: int = 3) -> tuple[Kind, Own]:
    kind, own, rng = Kind(), Own("user"), random.Random(8)
    before: tuple[int, list[float]] = (0, [])
    for window in range(days * 288):
        if window % 288 == 0:
            kind.estimate(window // 288)
            own.estimate(kind.peers, window)
        row = [2.0 + rng.gauss(0, 0.5) for _ in range(WIDTH)]
        judged = kind.judge(window, row, own, before, draw("s", window))
        before = (window, judged.z)
    return kind, own


def test_what_is_usual_has_a_usual_p_value_and_what_is_not_a_small_one_with_its_terms() -> None:
    kind, own = lived()
    usual = kind.judge(900, [2.0] * WIDTH, own, (0, []), 0.5)
    odd = kind.judge(901, [2.0] * (WIDTH - 1) + [9.0], own, (0, []), 0.5)
    assert usual.p > 0.05
    assert odd.terms.index(max(odd.terms)) == WIDTH - 1
    assert odd.p < usual.p


def test_a_snapshot_is_gone_on_from() -> None:
    kind, own = lived()
    again = Kind()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(kind.snapshot())))
    same = Own.restored("user", own.snapshot())
    row = [3.0] * WIDTH
    assert again.judge(900, row, same, (899, row), 0.5) == kind.judge(900, row, own, (899, row), 0.5)
