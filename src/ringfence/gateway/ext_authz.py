"""The third way in: Envoy's HTTP `ext_authz` asks whether a call may go on, and sends it on itself.  RFC 9110 §7.6.

The same chain with another end: where it would forward, it answers 200 with what the API is to be told, and with the
names of the fields that Envoy has to take out of the call. What needs the API's answer cannot be done this way, and a
policy that demands it is refused at its load (`policy.ext_authz`).
"""

from typing import Final

import msgspec

from ringfence.gateway.fields import FROM_EDGE
from ringfence.gateway.forward import OURS
from ringfence.gateway.pipeline import Gateway, Ruleset
from ringfence.gateway.ports import BodyReader
from ringfence.gateway.verdict import CORRELATION_HEADER
from ringfence.message import Headers, Request, Response
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused

TO_REMOVE: Final = "x-envoy-auth-headers-to-remove"
"""By this field Envoy is told what to take out of the call."""

TOLD: Final = (
    "x-ringfence-client",
    "x-ringfence-user",
    "x-ringfence-grant",
    "x-ringfence-scopes",
    "x-ringfence-actors",
)
"""Fields that tell an API who calls: each is set here, or taken out."""

_OF_ENVOY: Final = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"})
"""What Envoy sets for the API itself, and has made true before it asked."""

_CREDENTIALS: Final = OURS - {"traceparent", CORRELATION_HEADER}
_ALLOWED: Final = 200


class Verdict:
    """The gateway's port `Sender` where nothing is sent: it answers what is to be told to the API."""

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        """Return 200 with the fields that the API is to have, whatever the call had under their names."""
        del name, upstream, method, target, body
        return Response(_ALLOWED, tuple(field for field in headers if field[0] in TOLD or field[0] == "traceparent"))


class ExtAuthz:
    """The gateway as Envoy's `ext_authz` filter sees it."""

    def __init__(self, gateway: Gateway) -> None:
        """Answer by a gateway whose sender is `Verdict`."""
        self._gateway = gateway
        self._asked = True

    def replace(self, rules: Ruleset, canary: Ruleset | None = None, *, asked: bool) -> None:
        """Decide by other rules from now on; where the policy does not have it on any more, nothing is let through."""
        self._gateway.replace(rules, canary)
        self._asked = asked

    async def __call__(self, request: Request, read_body: BodyReader) -> Response:
        """Decide a call. 200: it may go on, without the fields that the answer names."""
        if not self._asked:
            return self.turned_away(request, Refused(Reason.UNAVAILABLE, private="ext_authz is off in the policy"))
        response = await self._gateway(request, read_body)
        if response.status != _ALLOWED:
            return response
        told = {name for name, _ in response.headers}
        gone = {*request.dropped, *_CREDENTIALS, *FROM_EDGE, *TOLD} - told - _OF_ENVOY
        removed = ((TO_REMOVE, ",".join(sorted(gone))),)
        return msgspec.structs.replace(response, headers=(*response.headers, *removed), body=b"")

    def turned_away(self, request: Request, refused: Refused) -> Response:
        """Answer and record what is no call."""
        return self._gateway.turned_away(request, refused)
