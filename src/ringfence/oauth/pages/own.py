"""Make the customer's own page.  WCAG 2.2."""

from collections.abc import Sequence

import msgspec

from ringfence.ids import Random
from ringfence.message import Response
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.pages.render import render_page, visible
from ringfence.oauth.profile import Profile
from ringfence.oauth.words import Wording


class GrantShown(msgspec.Struct, frozen=True):
    """A grant as its customer reads it."""

    grant_id: str
    client: str
    wordings: tuple[Wording, ...]
    given: str
    until: str
    used: str
    """Empty where it is not known."""
    paid: str = ""
    """When the payment that it allows was carried out; empty where it was not, or it allows none."""


class SessionShown(msgspec.Struct, frozen=True):
    """A session as its customer reads it."""

    mark: str
    device: str
    network: str
    since: str
    used: str
    way: str
    """How the customer logged in."""
    current: bool


class WaysIn(msgspec.Struct, frozen=True):
    """How the customer can log in, beside the password."""

    passkeys: int
    app: bool
    codes_left: int


def own_page(
    profile: Profile,
    random: Random,
    *,
    customer: str,
    grants: Sequence[GrantShown],
    sessions: Sequence[SessionShown],
    ways: WaysIn,
    withdraw_token: str,
    end_token: str,
    waiting: int = 0,
) -> Response:
    """Return the page; each grant and each session has its own form.

    Args:
        profile: the server's settings.
        random: for the page's nonce.
        customer: whose page it is.
        grants: what is in force, newest first.
        sessions: who is logged in as the customer.
        ways: how the customer can log in.
        withdraw_token: binds the grants' forms to browser and session.
        end_token: the same for the sessions' forms.
        waiting: how many requests wait for the customer's answer.
    """
    context = {
        "profile": profile,
        "customer": visible(customer),
        "grants": [msgspec.structs.replace(grant, client=visible(grant.client)) for grant in grants],
        "sessions": sessions,
        "ways": ways,
        "passkeys": path_of(profile, Endpoint.MY_PASSKEYS),
        "withdraw_action": path_of(profile, Endpoint.MY_WITHDRAW),
        "withdraw_token": withdraw_token,
        "end_action": path_of(profile, Endpoint.MY_SESSION_END),
        "end_token": end_token,
        "waiting": waiting,
        "requests": path_of(profile, Endpoint.MY_REQUESTS),
        "authenticator": path_of(profile, Endpoint.MY_AUTHENTICATOR),
    }
    return render_page("own.html", context, random, form_action="'self'")
