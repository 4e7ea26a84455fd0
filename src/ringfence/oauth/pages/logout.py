"""Make the pages of logging out: the question, and that it is done.  OpenID Connect RP-Initiated Logout §2; WCAG 2.2."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ringfence.ids import Random
from ringfence.message import Response
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.pages.render import render_page, visible
from ringfence.oauth.profile import Profile


def logout_page(
    profile: Profile,
    random: Random,
    *,
    customer: str,
    client: str,
    hidden: Mapping[str, str],
    token: str,
    returns_to: str,
) -> Response:
    """Return the page that asks whether to log out.

    Args:
        profile: the server's settings.
        random: for the page's nonce.
        customer: who is logged in.
        client: the name of the application that asks; empty where none has shown who it is.
        hidden: the request's parameters, which the form sends again.
        token: binds the form to browser and session.
        returns_to: where the browser goes afterwards; empty: nowhere.
    """
    target = urlsplit(returns_to)
    context = {
        "profile": profile,
        "customer": visible(customer),
        "client": visible(client),
        "hidden": hidden,
        "token": token,
        "action": path_of(profile, Endpoint.LOGOUT),
        "returns_to": target.hostname or "",
    }
    form_action = "'self'"
    if returns_to:
        form_action = "'self' https:" if target.scheme == "https" else f"'self' http://{target.netloc}"
    return render_page("logout.html", context, random, form_action=form_action)


def logged_out_page(profile: Profile, random: Random) -> Response:
    """Return the page that says that nobody is logged in here."""
    context = {"profile": profile, "login": path_of(profile, Endpoint.MY_GRANTS)}
    return render_page("logged_out.html", context, random, form_action="'none'")
