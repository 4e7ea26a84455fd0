"""What is kept of requests that customers answer without a redirect, and of what is still to be posted to clients.

OpenID CIBA Core §7.3; OpenID Connect Back-Channel Logout §2.5.
"""

from typing import Literal

import msgspec

from ringfence.clock import Instant


class BackchannelRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backchannel authentication request: the `auth_req_id` itself is never kept in the open."""

    auth_req_hash: str
    client_id: str
    user_id: str = ""
    """Whom the hint names; empty where it names nobody, which the client is not told."""
    consent_id: str
    """What it is called where the customer decides: worth nothing to a client."""
    grant_id: str = ""
    """What it became; empty unless it was allowed."""
    state: Literal["pending", "allowed", "refused"] = "pending"
    parameters: dict[str, str]
    """As of a pushed request: `oauth.exchange.Asked`."""
    binding_message: str = ""
    notification: str = ""
    """`auth_req_id` and `client_notification_token`, sealed; empty where the client polls."""
    interval: int
    """Seconds that the client leaves between two polls; grows when it does not."""
    next_poll_at: Instant
    authenticated_at: Instant | None = None
    """When the customer who decided had logged in."""
    acr: str = ""
    created_at: Instant
    expires_at: Instant
    decided_at: Instant | None = None
    consumed_at: Instant | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be posted to a client: kept until it has arrived or is not worth repeating."""

    notice_id: str
    kind: Literal["ping", "logout"]
    client_id: str
    subject: str = ""
    """Of a logout: who."""
    sid: str = ""
    """Of a logout: which session."""
    sealed: str = ""
    """Of a ping: `BackchannelRequest.notification`."""
    attempts: int = 0
    created_at: Instant
    due_at: Instant
    """When it is tried next; moved ahead by whoever tries it, so that nobody else does."""
    expires_at: Instant
