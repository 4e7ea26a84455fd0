"""What a key provider does, as a protocol: every provider passes `tests/contract/test_key_providers.py`."""

from typing import Protocol

from ringfence.keys.purposes import Kind


class BackendGone(Exception):
    """The device or service behind a provider does not answer now; the same call may work later."""


class BackendFailed(Exception):
    """The provider cannot do this: no such key, a kind it does not have, something that does not open."""


class KeyBackend(Protocol):
    """Holds root, KEKs and signing keys; a key is named by its label, and what the provider needs to find it."""

    @property
    def name(self) -> str:
        """As the policy names the provider."""
        ...

    @property
    def threads(self) -> int:
        """Threads that calls may be made from: 0 means that a call takes microseconds and needs none."""
        ...

    def generate(self, kind: Kind, label: str) -> bytes:
        """Make a key and return its handle, kept with its record; where a key of that label is there, its handle.

        Raises:
            BackendGone: try again later.
            BackendFailed: this provider has no keys of that kind.
        """
        ...

    def adopt(self, secret: bytes, kind: Kind, label: str) -> bytes:
        """Take a secret key that was made elsewhere and return its handle; it cannot be had back.

        Raises:
            BackendFailed: this provider takes none.
        """
        ...

    def public(self, handle: bytes) -> bytes:
        """Return the public key, DER (RFC 5280 §4.1); empty for a secret key.  Raises as `sign` does."""
        ...

    def sign(self, handle: bytes, data: bytes) -> bytes:
        """Return the raw signature by the key's one algorithm (RFC 7518 §3.4, §3.5; RFC 8037 §3.1).

        Raises:
            BackendGone: try again later.
            BackendFailed: the key is gone, or is no signing key.
        """
        ...

    def mac(self, handle: bytes, data: bytes) -> bytes:
        """Return HMAC-SHA256.  Raises as `sign` does."""
        ...

    def wrap(self, handle: bytes, secret: bytes, context: bytes) -> bytes:
        """Return the secret encrypted, and bound to `context`.  Raises as `sign` does."""
        ...

    def unwrap(self, handle: bytes, wrapped: bytes, context: bytes) -> bytes:
        """Return the secret.  Raises as `sign` does, and BackendFailed for a changed text or another context."""
        ...

    def destroy(self, handle: bytes) -> None:
        """Destroy the key, or have its destruction begin; a key that is gone already is no fault.

        Raises:
            BackendGone: try again later.
        """
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...
