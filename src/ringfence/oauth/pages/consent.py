"""Make the page that asks the customer to allow access, or to approve a payment.  RFC 6749 §10.2; SCA RTS art. 5(1)(a)."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ringfence.message import Response
from ringfence.oauth.pages.passkey_form import PasskeyAsked, script_path, script_source
from ringfence.oauth.pages.render import Form, form_context, render_page, sentence_of, visible
from ringfence.oauth.payments import Payment
from ringfence.oauth.words import Wording
from ringfence.problem import Refused

SHOWN_TEXT: Final = "shown"
"""Parameter of the consent form: hash of the text that the page shows."""


class Approval(msgspec.Struct, frozen=True):
    """A payment on the page, and by what the customer may approve it."""

    payment: Payment
    app: bool = True
    """By the code of an authenticator."""
    passkey: PasskeyAsked | None = None
    """What the browser may be asked for; None for a customer without passkeys."""
    refused: Refused | None = None
    """What was wrong with it the last time."""


def consent_page(
    form: Form,
    customer: str,
    wordings: Sequence[Wording],
    text_sha256: str,
    redirect_uri: str,
    approval: Approval | None = None,
) -> Response:
    """Return the page that asks the customer to allow or deny.

    A payment stands at its top, amount and payee large, and asks for the second factor.

    Its form leads to us and from there to the client; browsers apply `form-action` to both.
    """
    target = urlsplit(redirect_uri)
    refused = approval.refused if approval else None
    passkey = approval.passkey if approval else None
    context = form_context(form) | {
        "logo": form.logo,
        "customer": visible(customer),
        "wordings": wordings,
        "shown": text_sha256,
        "returns_to": target.hostname,
        "payment": approval.payment if approval else None,
        "has_app": approval is not None and approval.app,
        "passkey": passkey,
        "script": script_path(form.profile),
        "problem": sentence_of(refused) if refused else "",
    }
    form_action = "'self' https:" if target.scheme == "https" else f"'self' http://{target.netloc}"
    status = refused.status if refused else 200
    script = script_source(form.profile) if passkey else ""
    return render_page(
        "consent.html",
        context,
        form.random,
        form_action=form_action,
        status=status,
        script=script,
        pictures=bool(form.logo),
    )
