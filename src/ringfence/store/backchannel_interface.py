"""What the records offer for requests that customers answer without a redirect.  OpenID CIBA Core §7.3, §11."""

from typing import Protocol

from ringfence.clock import Instant
from ringfence.store.backchannel_model import BackchannelRequest, Notice
from ringfence.store.model import Consent, Grant, RefreshToken


class BackchannelStore(Protocol):
    """The part of `Records` that is about requests without a redirect.  Every method raises Unavailable."""

    async def add_backchannel_request(self, request: BackchannelRequest, consent: Consent) -> None:
        """Keep a request with the consent that it asks for."""
        ...

    async def backchannel_request(self, auth_req_hash: str) -> BackchannelRequest | None:
        """Return the request in whatever state, or None."""
        ...

    async def backchannel_request_of(self, consent_id: str) -> BackchannelRequest | None:
        """Return the request that asks for a consent, in whatever state, or None."""
        ...

    async def pending_backchannel_requests(self, user_id: str, now: Instant) -> list[BackchannelRequest]:
        """Return what waits for a customer's answer, the newest first; of all customers where `user_id` is empty."""
        ...

    async def poll_backchannel_request(self, auth_req_hash: str, now: Instant, step: int, most: int) -> bool:
        """Note a poll; False where it came too early: then the interval grows by `step`, to at most `most`."""
        ...

    async def allow_backchannel_request(
        self, decided: BackchannelRequest, consent: Consent, grant: Grant, notice: Notice | None
    ) -> bool:
        """Keep what the customer allowed, with its grant, in one transaction; False unless it was open."""
        ...

    async def refuse_backchannel_request(
        self, decided: BackchannelRequest, consent: Consent, notice: Notice | None
    ) -> bool:
        """Keep that the customer refused; False unless it was open."""
        ...

    async def redeem_backchannel_request(
        self, auth_req_hash: str, client_id: str, now: Instant, refresh: RefreshToken | None
    ) -> BackchannelRequest | None:
        """Consume an allowed request and keep `refresh`, in one transaction: exactly one caller gets it."""
        ...
