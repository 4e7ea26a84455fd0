"""The states of a consent and every way from one to another: the one table that code and SQL follow."""

import enum
from typing import Final


class ConsentState(enum.StrEnum):
    """The states that UK Open Banking gives an account or payment consent."""

    AWAITING = "AwaitingAuthorisation"
    AUTHORISED = "Authorised"
    REJECTED = "Rejected"
    REVOKED = "Revoked"
    CONSUMED = "Consumed"
    EXPIRED = "Expired"


TRANSITIONS: Final[frozenset[tuple[ConsentState, ConsentState]]] = frozenset(
    {
        (ConsentState.AWAITING, ConsentState.AUTHORISED),
        (ConsentState.AWAITING, ConsentState.REJECTED),
        (ConsentState.AWAITING, ConsentState.EXPIRED),
        (ConsentState.AUTHORISED, ConsentState.REVOKED),
        (ConsentState.AUTHORISED, ConsentState.CONSUMED),
        (ConsentState.AUTHORISED, ConsentState.EXPIRED),
    }
)
"""Every way there is; whatever is not here does not happen."""


def sources(target: ConsentState) -> tuple[str, ...]:
    """Return the states from which a consent may come to `target`: what an SQL update is limited to."""
    return tuple(sorted(before.value for before, after in TRANSITIONS if after is target))
