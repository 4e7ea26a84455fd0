"""A customer who changes a grant to something else ends its access tokens too, with the next call.  draft-ietf-oauth-grant-management §5.

A token tells the second in which it was issued. So all up to the second after next end, and what is issued then is dated
after that: a token that was on its way while the customer decided ends with the others.
"""

from typing import Final

from ringfence.clock import Instant
from ringfence.oauth.revoke import BLOCK_SECONDS
from ringfence.store.interface import FastState
from ringfence.store.measures import superseded_mark

SETTLES_WITHIN: Final = 2
"""Seconds in which a decision is kept in the records; less than any clock may differ by (FAPI 2.0 SP §5.3.2.1-13)."""


def supersedes_from(decided: Instant) -> int:
    """Return the first date (`iat`) of tokens that a decision does not end."""
    return int(decided) + SETTLES_WITHIN


async def supersede(grant_id: str, decided: Instant, fast: FastState, now: Instant) -> None:
    """End the access tokens of a grant that are older than a decision.  Raises Unavailable."""
    since = max(supersedes_from(decided), int(now) + 1)
    await fast.measure([superseded_mark(grant_id)], float(since), Instant(now + BLOCK_SECONDS), now)
