"""What a page asks a browser's script for, and where the script is.  Web Authentication Level 3 §5.4, §5.5; Content Security Policy level 3 §6.1.11."""

import hashlib
from importlib import resources
from typing import Final, Literal

import msgspec

from ringfence.message import Response
from ringfence.oauth.answers import ALWAYS
from ringfence.oauth.endpoints import Endpoint, path_of, url_of
from ringfence.oauth.profile import Profile

SCRIPT: Final = resources.files("ringfence.oauth").joinpath("pages", "passkeys.js").read_bytes()
"""The only script of all pages; whoever has it switched off logs in by password and code."""

_VERSION: Final = hashlib.sha256(SCRIPT).hexdigest()[:16]
_A_YEAR: Final = "public, max-age=31536000, immutable"
"""A changed script has another address."""


class PasskeyAsked(msgspec.Struct, frozen=True):
    """The options of one call of `navigator.credentials`."""

    ceremony: Literal["get", "create"]
    challenge: str
    """Base64url."""
    rp_id: str
    verification: Literal["required", "preferred"]
    credentials: tuple[str, ...] = ()
    """`get`: those that will do, or any where there are none; `create`: those that the customer has already."""
    user_handle: str = ""
    user_name: str = ""
    display_name: str = ""


def script_path(profile: Profile) -> str:
    """Return where the page finds the script."""
    return f"{path_of(profile, Endpoint.PASSKEY_SCRIPT)}?{_VERSION}"


def script_source(profile: Profile) -> str:
    """Return the CSP source of the script: this one address, nothing inline."""
    return url_of(profile, Endpoint.PASSKEY_SCRIPT)


def script_response() -> Response:
    """Return the script."""
    headers = (
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", _A_YEAR),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    )
    return Response(200, (*headers, *ALWAYS), SCRIPT)
