"""One request on its way through the steps, and what came of it."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ringfence.clock import Instant
from ringfence.message import Request, Response
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.ports import Ports
from ringfence.oauth.profile import Profile
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client, PushedRequest, Session

T = TypeVar("T")


class Server(msgspec.Struct, frozen=True):
    """What does not change from request to request."""

    profile: Profile
    ports: Ports


class Binding(msgspec.Struct, frozen=True):
    """What the caller has proven to hold: a key (`jkt`), a certificate (`x5t#S256`), or neither."""

    jkt: str = ""
    certificate: str = ""

    def confirmation(self) -> dict[str, str]:
        """Return the `cnf` claim.  RFC 9449 §6.1; RFC 8705 §3.1."""
        if self.jkt:
            return {"jkt": self.jkt}
        if self.certificate:
            return {"x5t#S256": self.certificate}
        raise Refused(Reason.INTERNAL, private="a token would have been issued without a binding")


class Asked(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An authorization request that has passed every check.  Absent parameters are empty."""

    redirect_uri: str = ""
    scope: str = ""
    code_challenge: str = ""
    state: str = ""
    nonce: str = ""
    prompt: str = ""
    max_age: str = ""
    acr_values: str = ""
    authorization_details: str = ""
    """JSON; `checks.authorization_details` reads it."""
    grant_action: str = ""
    """`grant_management_action`."""
    grant_id: str = ""
    """The grant to merge with or replace."""
    response_mode: str = ""
    """`jwt` for a signed response; empty for a plain one."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes, each once, in the order asked."""
        return tuple(dict.fromkeys(self.scope.split()))


class Backchannel(msgspec.Struct, frozen=True):
    """What a request without a redirect has beside what is asked for.  OpenID CIBA Core §7.1."""

    user_id: str
    """Whom the hint names; empty where it names nobody."""
    hint: str
    """By what the requests about somebody are counted, known here or not."""
    binding_message: str
    seconds: int
    """For how long it can be answered."""
    notification_token: str
    """Empty where the client polls."""


class Exchange(msgspec.Struct, frozen=True):
    """A request and what the steps so far have established about it; each step returns a new one."""

    request: Request
    endpoint: Endpoint
    listener: str
    now: Instant
    parameters: Mapping[str, str] = {}
    client: Client | None = None
    binding: Binding = Binding()
    asked: Asked | None = None
    pushed: PushedRequest | None = None
    backchannel: Backchannel | None = None
    browser: str = ""
    """Value of the browser cookie."""
    session: Session | None = None
    listed: tuple[str, ...] = ()
    """Feeds of threat intelligence that name the browser's or client's network or user agent."""


class Outcome(msgspec.Struct, frozen=True):
    """The answer, and what the event of a client's request says about it."""

    response: Response
    grant: str = ""
    user: str = ""
    grant_type: str = ""
    scopes: tuple[str, ...] = ()


def settled(value: T | None) -> T:
    """Return what an earlier step has established.

    Raises:
        Refused: INTERNAL where the table of steps lacks that step.
    """
    if value is None:
        raise Refused(Reason.INTERNAL, private="a step that this one builds on is missing from the table")
    return value
