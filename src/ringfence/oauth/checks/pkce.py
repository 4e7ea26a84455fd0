"""Bind the code to who asked for it: S256 and nothing else.  RFC 7636 §4; FAPI 2.0 SP §5.3.2.2-5."""

import base64
import hashlib
import hmac
import re
from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url.  RFC 7636 §4.2."""

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.1."""


def require_challenge(parameters: Form) -> str:
    """Return the code challenge of an authorization request.  Raises Refused PKCE_REQUIRED."""
    if parameters.get("code_challenge_method") != "S256":
        raise Refused(Reason.PKCE_REQUIRED, "code_challenge_method must be S256")
    challenge = parameters.get("code_challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise Refused(Reason.PKCE_REQUIRED, "code_challenge is a SHA-256 in base64url, 43 characters")
    return challenge


def require_verifier(parameters: Form, challenge: str) -> None:
    """Return if the verifier belongs to the challenge.  Raises Refused GRANT_INVALID, also where it is missing."""
    verifier = parameters.get("code_verifier", "")
    if not verifier:
        raise Refused(Reason.GRANT_INVALID, "code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise Refused(Reason.GRANT_INVALID, "code_verifier is not of the form of RFC 7636")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    computed = base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    if not hmac.compare_digest(computed, challenge):
        raise Refused(Reason.GRANT_INVALID, "code_verifier does not belong to the code_challenge")
