"""Fetch a client's picture once, and show it from our own origin: the page that shows it loads nothing from elsewhere.  RFC 7591 §2, §5."""

import base64
from typing import Final

from ringfence.clients.pictures import NotAPicture, picture_type
from ringfence.clients.texts import fault
from ringfence.fetching import Fetcher, Unfetchable, read_target
from ringfence.message import Response
from ringfence.oauth.answers import ALWAYS
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.profile import Profile
from ringfence.problem import Reason, Refused
from ringfence.store.registrations import Logo

_SANDBOXED: Final = ("content-security-policy", "default-src 'none'; sandbox")
_FOR_A_WHILE: Final = ("cache-control", "public, max-age=300")


async def fetch_logo(url: str, client_id: str, fetcher: Fetcher) -> Logo | None:
    """Return the picture at a `logo_uri`; None where there is no URL.

    Raises:
        Refused: ADMIN_REQUEST where it cannot be had or is no picture that is taken.
    """
    if not url:
        return None
    try:
        image = (await fetcher.fetch(read_target(url), "")).body
        media_type = picture_type(image)
    except Unfetchable:
        raise fault("/logo_uri", "could not be fetched") from None
    except NotAPicture as why:
        raise fault("/logo_uri", f"cannot be taken: {why}") from None
    return Logo(client_id=client_id, media_type=media_type, image=base64.b64encode(image).decode("ascii"))


async def logo_path(client_id: str, server: Server) -> str:
    """Return where a client's picture is served, or an empty text for one without."""
    if await server.ports.records.logo(client_id) is None:
        return ""
    return logo_at(client_id, server.profile)


def logo_at(client_id: str, profile: Profile) -> str:
    """Return the path of a client's picture."""
    return path_of(profile, Endpoint.LOGO).rpartition("/")[0] + f"/{client_id}"


async def show_logo(exchange: Exchange, server: Server) -> Outcome:
    """Return a client's picture.  Raises Refused NOT_FOUND."""
    client_id = exchange.request.path.rpartition("/")[2]
    logo = await server.ports.records.logo(client_id)
    client = await server.ports.records.client(client_id) if logo else None
    if logo is None or client is None or client.status != "active":
        raise Refused(Reason.NOT_FOUND)
    headers = (("content-type", logo.media_type), _SANDBOXED, _FOR_A_WHILE, *ALWAYS)
    return Outcome(Response(200, headers, base64.b64decode(logo.image)))
