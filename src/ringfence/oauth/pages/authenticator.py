"""Make the pages of the authenticator: its secret to scan or type, then the recovery codes.  WCAG 2.2."""

from collections.abc import Sequence
from typing import Final

from ringfence.ids import Random
from ringfence.message import Response
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.pages.render import render_page, sentence_of
from ringfence.oauth.profile import Profile
from ringfence.oauth.totp import key_uri, written
from ringfence.problem import Refused
from ringfence.store.model import User

_GROUP: Final = 4


def authenticator_page(
    profile: Profile, random: Random, user: User, secret: bytes, token: str, refused: Refused | None
) -> Response:
    """Return the page with the secret, or the one that says that there is an authenticator already."""
    text = written(secret)
    context = {
        "profile": profile,
        "enrolled": bool(user.totp_secret),
        "action": path_of(profile, Endpoint.MY_ENROL),
        "back": path_of(profile, Endpoint.MY_GRANTS),
        "token": token,
        "secret": text,
        "groups": " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP)),
        "uri": key_uri(secret, user.username, profile.title),
        "problem": sentence_of(refused) if refused else "",
    }
    status = refused.status if refused else 200
    return render_page("authenticator.html", context, random, form_action="'self'", status=status)


def enrolled_page(profile: Profile, random: Random, codes: Sequence[str]) -> Response:
    """Return the page with the recovery codes, which are shown this once."""
    context = {"profile": profile, "codes": codes, "back": path_of(profile, Endpoint.MY_GRANTS)}
    return render_page("enrolled.html", context, random, form_action="'none'")
