"""Evidence over windows: an e-CUSUM whose expected false alarms are what the budget says.

Each p-value is worth `e = mean κ·p^(κ-1)`, which is 1 on average where nothing is wrong; `M = max(M, 1)·e`, and an alarm
is raised at `c = W/B`, entity-windows a day over alarms a day. If p-values are valid given the past, the mean time to
a false alarm is at least c windows, hence at most B a day. That condition is an assumption; `budget` needs none.
Shin, Ramdas, Rinaldo: E-detectors.
"""

import math
from typing import Final

KAPPAS: Final = (0.05, 0.2, 0.4, 0.6, 0.8)


def log_e(p: float) -> float:
    """Return the logarithm of what a p-value is worth."""
    return math.log(sum(kappa * p ** (kappa - 1.0) for kappa in KAPPAS) / len(KAPPAS))


def next_log_m(log_m: float, p: float) -> float:
    """Return the evidence after one more window."""
    return max(0.0, log_m) + log_e(p)


def threshold(windows_a_day: float, alarms_a_day: float) -> float:
    """Return log c; never below log 20, so that one window that is a little odd is no alarm in a small world."""
    return math.log(max(20.0, windows_a_day / alarms_a_day))
