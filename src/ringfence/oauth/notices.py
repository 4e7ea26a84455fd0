"""Post to clients what they asked to be told: that a customer has decided, that a login has ended.

OpenID CIBA Core §10.2; OpenID Connect Back-Channel Logout §2.4, §2.5, §2.8.
"""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from ringfence.clock import Instant, Seconds
from ringfence.events.backchannel import NoticeDelivered
from ringfence.fetching import Poster, Unfetchable, read_target
from ringfence.ids import new_correlation_id, new_token
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.sealing import Unsealable
from ringfence.oauth.backchannel import Notification
from ringfence.oauth.exchange import Server
from ringfence.oauth.tokens import subject_of
from ringfence.store.backchannel_model import Notice
from ringfence.store.model import Client

LOGOUT_TOKEN: Final = "logout+jwt"  # noqa: S105 - a media type
"""OpenID Connect Back-Channel Logout §2.4."""

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

LOGOUT_TOKEN_SECONDS: Final = 120
"""OpenID Connect Back-Channel Logout §2.4 recommends at most two minutes."""

MOST_ATTEMPTS: Final = 10

FIRST_PAUSE: Final[Seconds] = 5.0
"""After the first attempt; each pause is twice the one before."""

LONGEST_PAUSE: Final[Seconds] = 3_600.0

_WORTH_REPEATING: Final = frozenset({408, 425, 429})
"""Of the 4xx; every other one says that the same would be refused again."""

_SUCCESS: Final = range(200, 300)
_CLIENT_ERRORS: Final = range(400, 500)


class _Hopeless(Exception):
    """It will not arrive, however often it is tried; the text is for us only."""


def pause_after(attempts: int) -> Seconds:
    """Return how long to wait after so many attempts."""
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)


async def deliver(notice: Notice, server: Server, poster: Poster, now: Instant) -> bool:
    """Try once to post a notice; let go of it when it has arrived or is not worth repeating, else put it off.

    Args:
        notice: claimed by this caller.
        server: settings and ports.
        poster: the guarded way out.
        now: the present.

    Returns:
        Whether it arrived.

    Raises:
        Unavailable: the records are out; whoever claims the notice next tries again.
    """
    why = ""
    try:
        await _post(notice, server, poster, now)
    except _Hopeless as error:
        why = str(error)
    except (Unfetchable, KeyUnusable) as error:
        why = str(error)
        due_at = Instant(now + pause_after(notice.attempts))
        if notice.attempts < MOST_ATTEMPTS and due_at < notice.expires_at:
            await server.ports.records.put_off_notice(notice.notice_id, due_at)
            return False
    await server.ports.records.remove_notice(notice.notice_id)
    server.ports.events.emit(
        NoticeDelivered(
            at=now,
            correlation=new_correlation_id(server.ports.random),
            kind=notice.kind,
            client=notice.client_id,
            delivered=not why,
            attempts=notice.attempts,
            session=notice.sid,
            private=why,
        )
    )
    return not why


def logout_claims(notice: Notice, client: Client, server: Server, now: Instant) -> dict[str, Any]:
    """Return the claims of a logout token: never a nonce, so that it cannot pass for an ID token."""
    issued_at = int(now)
    return {
        "iss": server.profile.issuer,
        "sub": subject_of(client, notice.subject, server),
        "aud": notice.client_id,
        "iat": issued_at,
        "exp": issued_at + LOGOUT_TOKEN_SECONDS,
        "jti": new_token(server.ports.random),
        "events": {LOGOUT_EVENT: {}},
        "sid": notice.sid,
    }


async def _post(notice: Notice, server: Server, poster: Poster, now: Instant) -> None:
    """Post a notice.  Raises _Hopeless, Unfetchable or KeyUnusable."""
    client = await server.ports.records.client(notice.client_id)
    if client is None:
        raise _Hopeless("the client is gone")
    if now >= notice.expires_at:
        raise _Hopeless("it is too late")
    status = await (_ping if notice.kind == "ping" else _log_out)(notice, client, server, poster, now)
    if status in _SUCCESS:
        return
    if status in _CLIENT_ERRORS and status not in _WORTH_REPEATING:
        raise _Hopeless(f"answered {status}")
    raise Unfetchable(f"answered {status}")


async def _ping(notice: Notice, client: Client, server: Server, poster: Poster, _now: Instant) -> int:
    url = client.backchannel_client_notification_endpoint
    if not url or client.status != "active":
        raise _Hopeless("the client is not pinged any more")
    try:
        opened = server.ports.sealer.unseal(notice.sealed, client.client_id)
    except Unsealable:
        raise _Hopeless("it was sealed under another key") from None
    notification = msgspec.json.decode(opened, type=Notification)
    body = msgspec.json.encode({"auth_req_id": notification.auth_req_id})
    return await poster.post(read_target(url), body, "application/json", notification.token)


async def _log_out(notice: Notice, client: Client, server: Server, poster: Poster, now: Instant) -> int:
    if not client.backchannel_logout_uri:
        raise _Hopeless("the client does not want to be told any more")
    token = await server.ports.signer.sign(logout_claims(notice, client, server, now), LOGOUT_TOKEN)
    body = urlencode({"logout_token": token}).encode("ascii")
    return await poster.post(read_target(client.backchannel_logout_uri), body, "application/x-www-form-urlencoded", "")
