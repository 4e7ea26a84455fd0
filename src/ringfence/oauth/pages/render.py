"""Make the pages from their templates; every text is escaped.  WCAG 2.2; Content Security Policy level 3 §6.4."""

from typing import Any, Final

import jinja2
import msgspec

from ringfence.ids import CorrelationId, Random, new_token
from ringfence.message import Response
from ringfence.oauth.answers import page_response
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.profile import Profile
from ringfence.oauth.words import shown
from ringfence.problem import MEANINGS, Reason, Refused

_templates: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("ringfence.oauth", "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_LONGEST_NAME: Final = 80

_IN_PLAIN_WORDS: Final = {
    Reason.REQUEST_URI_INVALID: "This link has been used before or is no longer valid.",
    Reason.PUSHED_REQUEST_REQUIRED: "The application has not announced what it wants.",
    Reason.CLIENT_UNKNOWN: "The application is not known here.",
    Reason.CLIENT_AUTHENTICATION: "The application is not served here at present.",
}
"""What customers read where the table's title speaks to developers."""


class Form(msgspec.Struct, frozen=True):
    """What a page with a form needs."""

    profile: Profile
    random: Random
    action: Endpoint
    client: str
    """The client's name as registered."""
    reference: str
    token: str
    """Binds the form to browser, request and session."""
    leads_to: str = ""
    """Part of the own page that wants a fresh login."""
    logo: str = ""
    """Path of the client's picture on our own origin; empty for none."""


def error_page(profile: Profile, random: Random, refused: Refused, correlation: CorrelationId) -> Response:
    """Return the page that says why it does not go on: where no redirect may happen, and where none would help."""
    context = {"profile": profile, "problem": sentence_of(refused), "correlation": correlation}
    response = render_page("error.html", context, random, form_action="'none'", status=refused.status)
    return msgspec.structs.replace(response, headers=(*response.headers, *refused.headers))


def sentence_of(refused: Refused) -> str:
    """Return what a refusal says to people."""
    if refused.reason in _IN_PLAIN_WORDS:
        return _IN_PLAIN_WORDS[refused.reason]
    title = MEANINGS[refused.reason].title
    return f"{title}: {refused.detail}." if refused.detail else f"{title}."


def visible(text: str) -> str:
    """Return a name without characters that cannot be seen, cut to what a line holds."""
    seen = shown(text)
    return seen if len(seen) <= _LONGEST_NAME else seen[: _LONGEST_NAME - 1] + "…"


def form_context(form: Form) -> dict[str, Any]:
    """Return what every page with a form shows."""
    return {
        "profile": form.profile,
        "leads_to": form.leads_to,
        "action": path_of(form.profile, form.action),
        "client": visible(form.client),
        "reference": form.reference,
        "token": form.token,
    }


def render_page(
    template: str,
    context: dict[str, Any],
    random: Random,
    *,
    form_action: str,
    status: int = 200,
    script: str = "",
    pictures: bool = False,
) -> Response:
    """Return a template's page; every text in its context is escaped.

    Args:
        template: its name.
        context: what it shows; `profile` among it.
        random: for the nonce of the page's style.
        form_action: CSP sources that its forms may lead to.
        status: of the answer.
        script: CSP source of its script; empty for a page without one.
        pictures: whether pictures of our own origin may be on it.
    """
    nonce = new_token(random)
    html = _templates.get_template(template).render(context, nonce=nonce)
    return page_response(html, nonce=nonce, form_action=form_action, status=status, script=script, pictures=pictures)
