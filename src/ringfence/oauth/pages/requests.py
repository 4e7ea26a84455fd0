"""Make the page of requests that wait for the customer's answer.  WCAG 2.2."""

from collections.abc import Sequence

from ringfence.ids import Random
from ringfence.message import Response
from ringfence.oauth.backchannel_decision import COMPARE, Question
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.moments import moment
from ringfence.oauth.pages.render import render_page, sentence_of, visible
from ringfence.oauth.profile import Profile
from ringfence.problem import Refused


def requests_page(
    profile: Profile,
    random: Random,
    *,
    questions: Sequence[Question],
    token: str,
    tried: str = "",
    refused: Refused | None = None,
) -> Response:
    """Return the page; each request has its own form.

    Args:
        profile: the server's settings.
        random: for the page's nonce.
        questions: what waits, newest first.
        token: binds the forms to browser and session.
        tried: the request whose answer was not taken.
        refused: why.
    """
    context = {
        "profile": profile,
        "customer": visible(questions[0].user.name or questions[0].user.username) if questions else "",
        "questions": [
            {
                "consent": one.request.consent_id,
                "client": visible(one.client.name),
                "compare": COMPARE,
                "message": one.request.binding_message,
                "wordings": one.wordings[1:] if one.request.binding_message else one.wordings,
                "shown": one.text_sha256,
                "since": moment(one.request.created_at),
                "until": moment(one.request.expires_at),
                "needs_code": one.needs_two_factor,
                "has_code": bool(one.user.totp_secret),
                "problem": sentence_of(refused) if refused and one.request.consent_id == tried else "",
            }
            for one in questions
        ],
        "action": path_of(profile, Endpoint.MY_ANSWER),
        "token": token,
        "back": path_of(profile, Endpoint.MY_GRANTS),
        "authenticator": path_of(profile, Endpoint.MY_AUTHENTICATOR),
    }
    status = refused.status if refused else 200
    return render_page("requests.html", context, random, form_action="'self'", status=status)
