"""OCSF's severities on the scales of the other forms."""

from typing import Final

SCALE_OF_TEN: Final = {1: 1, 2: 3, 3: 5, 4: 8, 5: 10}
"""CEF's severity: 0–3 low, 4–6 medium, 7–8 high, 9–10 very high."""

OCSF_BY_LEVEL: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
"""OCSF's severity by the level of an alert."""

SYSLOG: Final = {1: 6, 2: 5, 3: 4, 4: 3, 5: 2}
"""Informational, notice, warning, error, critical.  RFC 5424 §6.2.1."""
