"""Names of measures in the fast state that let calls go on under conditions: a stronger login, a newer token, a slower pace.

They stand beside the blocks and are read in the same transaction. Their names begin otherwise, so that none of them
is ever taken for a block.
"""

from typing import Final, Literal

StepUpOf = Literal["user", "client", "grant", "network"]
ThrottleOf = Literal["user", "client", "grant", "network"]

LEAST_FACTOR: Final = 1.0
MOST_FACTOR: Final = 1000.0
"""Nobody is stopped by being slowed: that would be a block, under a name that sounds milder."""


def step_up_mark(of: StepUpOf, value: str) -> bytes:
    """Return the name of the demand that whoever acts here has logged in by a second factor since it was made."""
    return f"step-up:{of}:{value}".encode("utf-8", "surrogatepass")


def superseded_mark(grant_id: str) -> bytes:
    """Return the name of what ends the tokens of a grant that were issued before its customer decided anew."""
    return f"superseded:{grant_id}".encode("utf-8", "surrogatepass")


def throttle_mark(of: ThrottleOf, value: str) -> bytes:
    """Return the name of what slows a user, client, grant or network: a factor on the limits that are its own."""
    return f"throttle:{of}:{value}".encode("utf-8", "surrogatepass")
