"""What the authorization server needs from outside, as protocols and the frozen bundle that carries them."""

from typing import Protocol

import msgspec

from ringfence.clock import Clock
from ringfence.events import Event
from ringfence.ids import Random
from ringfence.keys.ports import Signer
from ringfence.store.interface import FastState, Records


class Events(Protocol):
    """Where events go; `emit` does not wait."""

    def emit(self, event: Event) -> None:
        """Take an event.  Raises store.interface.Unavailable when it could be lost and the policy says to refuse."""
        ...


class Passwords(Protocol):
    """Verifies what a customer typed."""

    async def verify(self, stored: str, presented: str) -> None:
        """Return if `presented` is the password whose Argon2id form is `stored`.

        Takes as long for `stored` = "" (a user that does not exist) as for a wrong password.

        Raises:
            Refused: LOGIN_FAILED; OVERLOADED where too many wait.
        """
        ...


class Ports(msgspec.Struct, frozen=True):
    """Everything the authorization server needs from outside."""

    records: Records
    fast: FastState
    signer: Signer
    events: Events
    passwords: Passwords
    clock: Clock
    random: Random
