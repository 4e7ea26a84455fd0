"""Make the pages of the customer's passkeys and recovery codes.  WCAG 2.2."""

from collections.abc import Mapping, Sequence

import msgspec

from ringfence.ids import Random
from ringfence.message import Response
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.pages.passkey_form import PasskeyAsked, script_path, script_source
from ringfence.oauth.pages.render import render_page, sentence_of
from ringfence.oauth.profile import Profile
from ringfence.problem import Refused


class PasskeyShown(msgspec.Struct, frozen=True):
    """A passkey as its customer reads it."""

    credential_id: str
    mark: str
    """Names it in the page's ids."""
    name: str
    made: str
    used: str
    """Empty where it never was."""
    backed_up: bool


def passkeys_page(
    profile: Profile,
    random: Random,
    *,
    passkeys: Sequence[PasskeyShown],
    asked: PasskeyAsked | None,
    suggested: str,
    codes_left: int,
    has_app: bool,
    tokens: Mapping[str, str],
    refused: Refused | None,
) -> Response:
    """Return the page; each passkey has its own forms.

    Args:
        profile: the server's settings.
        random: for the page's nonce.
        passkeys: what the customer has, the oldest first.
        asked: what the browser is asked for to make another; None where passkeys cannot be used.
        suggested: name for a new one.
        codes_left: recovery codes that have not been used.
        has_app: there is an authenticator app, too.
        tokens: bind each form, by its endpoint's name.
        refused: what went wrong; None the first time.
    """
    context = _context(profile) | {
        "passkeys": passkeys,
        "passkey": asked,
        "suggested": suggested,
        "codes_left": codes_left,
        "has_app": has_app,
        "tokens": tokens,
        "problem": sentence_of(refused) if refused else "",
    }
    status = refused.status if refused else 200
    script = script_source(profile) if asked else ""
    return render_page("passkeys.html", context, random, form_action="'self'", status=status, script=script)


def remove_last_page(profile: Profile, random: Random, credential_id: str, name: str, token: str) -> Response:
    """Return the page that says what it means to remove the last second factor, and asks once more."""
    context = _context(profile) | {"credential_id": credential_id, "name": name, "token": token}
    return render_page("remove_last.html", context, random, form_action="'self'")


def codes_page(profile: Profile, random: Random, codes: Sequence[str], *, added: bool) -> Response:
    """Return the page with recovery codes, which are shown this once; `added`: because of a first passkey."""
    context = _context(profile) | {"codes": codes, "added": added}
    return render_page("recovery_codes.html", context, random, form_action="'none'")


def _context(profile: Profile) -> dict[str, object]:
    return {
        "profile": profile,
        "script": script_path(profile),
        "add_action": path_of(profile, Endpoint.MY_PASSKEY_ADD),
        "name_action": path_of(profile, Endpoint.MY_PASSKEY_NAME),
        "remove_action": path_of(profile, Endpoint.MY_PASSKEY_REMOVE),
        "recovery_action": path_of(profile, Endpoint.MY_RECOVERY),
        "here": path_of(profile, Endpoint.MY_PASSKEYS),
        "back": path_of(profile, Endpoint.MY_GRANTS),
        "authenticator": path_of(profile, Endpoint.MY_AUTHENTICATOR),
    }
