"""The six states of a key, as one table: what may follow, and what it may do meanwhile.  NIST SP 800-57 part 1 §7."""

import enum
from typing import Final

import msgspec


class State(enum.StrEnum):
    """Where a key is in its life."""

    PRE_ACTIVATION = "pre-activation"
    """Made, and published if it signs; not used yet, so that caches and partners know it before it is."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Somebody doubts it: nothing is done with it, and nothing that it signed is taken, until that is settled."""
    DEACTIVATED = "deactivated"
    """Verifies and decrypts what it protected; protects nothing any more."""
    COMPROMISED = "compromised"
    """Somebody else may have it. It decrypts only to save what it protected, and only by two people's approval."""
    DESTROYED = "destroyed"
    """Its secret is gone; the record stays."""


class Row(msgspec.Struct, frozen=True):
    """What a state allows."""

    next: frozenset[State]
    protects: bool = False
    """Signs, wraps, generates, and makes MACs."""
    processes: bool = False
    """Unwraps, and its MACs and signatures are verified."""
    published: bool = False
    """Stands among the public keys, as long as anything it signed lives."""


_S = State

TABLE: Final[dict[State, Row]] = {
    _S.PRE_ACTIVATION: Row(frozenset({_S.ACTIVE, _S.COMPROMISED, _S.DESTROYED}), published=True),
    _S.ACTIVE: Row(
        frozenset({_S.SUSPENDED, _S.DEACTIVATED, _S.COMPROMISED}), protects=True, processes=True, published=True
    ),
    _S.SUSPENDED: Row(frozenset({_S.ACTIVE, _S.DEACTIVATED, _S.COMPROMISED})),
    _S.DEACTIVATED: Row(frozenset({_S.COMPROMISED, _S.DESTROYED}), processes=True, published=True),
    _S.COMPROMISED: Row(frozenset({_S.DESTROYED})),
    _S.DESTROYED: Row(frozenset()),
}


class NotAllowed(Exception):
    """The state does not allow it. `str()` says which, and what does."""


def move(state: State, to: State) -> State:
    """Return the state that follows.  Raises NotAllowed."""
    if to not in TABLE[state].next:
        can = ", ".join(sorted(TABLE[state].next)) or "nothing"
        raise NotAllowed(f"a key that is {state} cannot become {to}: {can} can follow")
    return to


def may_protect(state: State) -> None:
    """Return if a key in this state may sign, wrap, or make MACs.  Raises NotAllowed."""
    if not TABLE[state].protects:
        raise NotAllowed(f"a key that is {state} protects nothing")


def may_process(state: State) -> None:
    """Return if a key in this state may unwrap or verify.  Raises NotAllowed."""
    if not TABLE[state].processes:
        raise NotAllowed(f"a key that is {state} opens nothing")
