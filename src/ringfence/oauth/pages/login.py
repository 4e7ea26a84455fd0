"""Make the login page and the page of its second step.  WCAG 2.2 §1.3.5, §3.3.1, §3.3.8."""

from ringfence.message import Response
from ringfence.oauth.pages.passkey_form import PasskeyAsked, script_path, script_source
from ringfence.oauth.pages.render import Form, form_context, render_page, sentence_of
from ringfence.problem import Refused


def login_page(form: Form, passkey: PasskeyAsked | None, refused: Refused | None = None) -> Response:
    """Return the login page, with what went wrong the last time.

    Args:
        form: where it leads and what binds it.
        passkey: what the browser may be asked for; None where passkeys cannot be used.
        refused: what went wrong; None the first time.
    """
    return _page("login.html", form, passkey, refused, {})


def second_step_page(
    form: Form,
    passkey: PasskeyAsked | None,
    *,
    passed: str,
    has_app: bool,
    has_recovery: bool,
    refused: Refused,
    tried: bool,
) -> Response:
    """Return the page for the second factor of a customer whose password was right.

    Args:
        form: where it leads and what binds it.
        passkey: what the browser may be asked for; None for a customer without passkeys.
        passed: shows that the password was right.
        has_app: the customer has an authenticator app.
        has_recovery: recovery codes are left.
        refused: what is missing or was wrong.
        tried: it was wrong; otherwise it is asked for the first time.
    """
    context = {"passed": passed, "has_app": has_app, "has_recovery": has_recovery, "tried": tried}
    return _page("second_step.html", form, passkey, refused, context)


def _page(
    template: str, form: Form, passkey: PasskeyAsked | None, refused: Refused | None, more: dict[str, object]
) -> Response:
    context = form_context(form) | more
    context |= {
        "problem": sentence_of(refused) if refused else "",
        "passkey": passkey,
        "script": script_path(form.profile),
    }
    status = refused.status if refused else 200
    script = script_source(form.profile) if passkey else ""
    return render_page(template, context, form.random, form_action="'self'", status=status, script=script)
