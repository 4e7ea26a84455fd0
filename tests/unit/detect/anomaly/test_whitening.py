import itertools
import random

import msgspec
import pytest

from ringfence.detect.anomaly.baseline import WIDTH
from ringfence.detect.anomaly.whitening import FARTHEST, Whitening


def run(rho: float, whitening: Whitening, steps: int = 4000, seed: int = 3) -> list[float]:
    rng, before, out = random.Random(seed), [0.0] * WIDTH, []
    for _ in range(steps):
        z = [rho * b + rng.gauss(0, (1 - rho * rho) ** 0.5) for b in before]
        out.append(whitening.residual(z, before, 1)[0])
        before = z
    return out


def correlation(values: list[float]) -> float:
    return sum(a * b for a, b in itertools.pairwise(values)) / sum(a * a for a in values)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_rho_is_found_and_taken_out(rho: float) -> None:
    whitening = Whitening()
    raw = run(rho, whitening)
    assert correlation(raw) == pytest.approx(rho, abs=0.05), "before the first estimate nothing is taken out"
    whitening.estimate()
    assert whitening.rho[0] == pytest.approx(rho, abs=0.05)
    assert abs(correlation(run(rho, whitening, seed=4))) < 0.05


def test_a_wild_window_before_takes_out_no_more_than_six_deviations() -> None:
    whitening = Whitening()
    run(0.8, whitening)
    whitening.estimate()
    assert whitening.residual([0.0] * WIDTH, [1e6] * WIDTH, 1)[0] > -10


def test_long_ago_is_nothing_and_few_pairs_are_no_estimate() -> None:
    whitening = Whitening()
    run(0.8, whitening, steps=20)
    whitening.estimate()
    assert whitening.rho == [0.0] * WIDTH
    run(0.8, whitening)
    whitening.estimate()
    z = [1.0] * WIDTH
    assert whitening.residual(z, z, FARTHEST + 1) == z == whitening.residual(z, (), 1)
    assert whitening.residual(z, z, 2)[0] > whitening.residual(z, z, 1)[0]
    again = Whitening()
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(whitening.snapshot())))
    assert again.residual(z, z, 1) == whitening.residual(z, z, 1)
