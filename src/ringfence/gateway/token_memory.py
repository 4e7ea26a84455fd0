"""Remember access tokens that have been verified, so that a signature is checked once a token."""

from collections.abc import Callable
from hashlib import sha256

from ringfence.proofs.access_token import AccessToken


class TokenMemory:
    """Verified tokens by the SHA-256 of their text, bounded; the oldest go first.

    Only what the signature and the fixed claims say is remembered. Expiry, binding, revocation and
    scope are checked on every call.
    """

    __slots__ = ("_capacity", "_tokens")

    def __init__(self, capacity: int) -> None:
        """Make a memory of at most `capacity` tokens; 0 remembers nothing."""
        self._capacity = capacity
        self._tokens: dict[bytes, AccessToken] = {}

    def verified(self, raw: str, verify: Callable[[str], AccessToken]) -> AccessToken:
        """Return the token, verified now or before.  Raises Refused as `verify` does."""
        key = sha256(raw.encode("ascii", "replace")).digest()
        token = self._tokens.get(key)
        if token is None:
            token = verify(raw)
            if self._capacity:
                if len(self._tokens) >= self._capacity:
                    self._tokens.pop(next(iter(self._tokens)))
                self._tokens[key] = token
        return token

    def forget(self) -> None:
        """Forget all, as after a change of keys or policy."""
        self._tokens.clear()
