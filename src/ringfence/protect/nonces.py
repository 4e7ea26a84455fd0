"""Nonces that are used once, even where the source of randomness is stuck.  NIST SP 800-38D §8.2.2; NIST SP 800-90B §4.4.1."""

from collections import deque
from typing import Final

from ringfence.ids import Random
from ringfence.protect.envelope import IV_BYTES
from ringfence.store.interface import Unavailable

REMEMBERED: Final = 1024
"""Nonces that are compared with: a source that has stuck, or runs in a short circle, repeats itself at once."""


class Nonces:
    """Draws nonces of 12 bytes."""

    def __init__(self, random: Random) -> None:
        """Take the source."""
        self._random = random
        self._order: deque[bytes] = deque()
        self._seen: set[bytes] = set()

    def draw(self) -> bytes:
        """Return a nonce that was not drawn lately.

        Raises:
            Unavailable: the source repeats itself; nothing is encrypted, because two texts under one nonce give both
                and the key of the tag away.
        """
        nonce = self._random(IV_BYTES)
        if nonce in self._seen:
            raise Unavailable("the source of randomness repeats itself: nothing is encrypted")
        self._seen.add(nonce)
        self._order.append(nonce)
        if len(self._order) > REMEMBERED:
            self._seen.discard(self._order.popleft())
        return nonce
