"""How long a block stands: as long as a token that was issued before it can live."""

from typing import Final

from ringfence.clock import Instant

LONGEST_TOKEN_SECONDS: Final = 3600.0
"""The most that a policy may give an access token (`policy.model.Lifetimes`); an older policy may have."""

MARGIN_SECONDS: Final = 300.0
"""For clocks that differ, and for a token request that was under way."""


def block_until(now: Instant) -> Instant:
    """Return until when to block what no new token is issued for."""
    return Instant(now + LONGEST_TOKEN_SECONDS + MARGIN_SECONDS)
