"""What the records offer for clients that register and manage themselves.  RFC 7591; RFC 7592."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.registrations import Invitation, Logo, Permission, Registration


class OfRegistrations(Protocol):
    """A part of `Records`; every method raises Unavailable when the database cannot be used."""

    async def add_invitation(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        ...

    async def invitation(self, token_hash: str, now: Instant) -> Invitation | None:
        """Return an invitation that has uses left and has not expired, or None."""
        ...

    async def list_invitations(self) -> list[Invitation]:
        """Return all invitations, the newest first."""
        ...

    async def register_client(
        self, client: Client, registration: Registration, permission: Permission, logo: Logo | None, now: Instant
    ) -> bool:
        """Keep a client that registered itself, using up its permission in the same transaction.

        False, and nothing is kept, where the invitation has no use left.

        Raises:
            AlreadyThere: `name` where another client is called alike, `statement` where it was used before.
        """
        ...

    async def registration(self, client_id: str) -> Registration | None:
        """Return how a client manages itself, or None."""
        ...

    async def list_registrations(self) -> list[Registration]:
        """Return how clients manage themselves, of all that do."""
        ...

    async def replace_registration(
        self, client: Client, registration: Registration, token_hash: str, logo: Logo | None
    ) -> bool:
        """Replace what a client registered, while it is active and `token_hash` is its token: one caller wins.

        What the operator decides (status, life of tokens) and when it was made stay as they are.

        Raises:
            AlreadyThere: `name` where another client is called alike.
        """
        ...

    async def end_registration(self, client_id: str, token_hash: str) -> bool:
        """Revoke a client by its own wish, while it is active and `token_hash` is its token: one caller wins.

        Its name is free again. What it managed itself with stays until `forget_registration`.
        """
        ...

    async def forget_registration(self, client_id: str) -> None:
        """Let a client no longer manage itself."""
        ...

    async def renew_registration(self, registration: Registration) -> None:
        """Give a client a new registration access token in place of any that it has."""
        ...

    async def change_client_keys(self, client: Client) -> bool:
        """Keep a client's keys, those retired included; False if there is no such client."""
        ...

    async def note_certificate(self, client_id: str, expires_at: Instant) -> None:
        """Keep when the certificate ends that a client authenticates with."""
        ...

    async def logo(self, client_id: str) -> Logo | None:
        """Return a client's picture, or None."""
        ...
