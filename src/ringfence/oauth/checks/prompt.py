"""Say what the client demands of the login: `prompt` and `max_age`.  OpenID Connect Core §3.1.2.1."""

import re
from typing import Final

from ringfence.clock import Instant
from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

_KNOWN: Final = frozenset({"none", "login", "consent", "select_account"})
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def require_prompt(parameters: Form) -> str:
    """Return `prompt` as it came.  Raises Refused OAUTH_REQUEST for an unknown one, or `none` with others."""
    words = parameters.get("prompt", "").split()
    if unknown := set(words) - _KNOWN:
        raise Refused(Reason.OAUTH_REQUEST, f"prompt {min(unknown)[:32]} is not known")
    if "none" in words and len(words) > 1:
        raise Refused(Reason.OAUTH_REQUEST, "prompt none stands alone")
    return " ".join(words)


def require_max_age(parameters: Form) -> str:
    """Return `max_age` as it came, in seconds.  Raises Refused OAUTH_REQUEST."""
    value = parameters.get("max_age", "")
    if value and not _SECONDS.fullmatch(value):
        raise Refused(Reason.OAUTH_REQUEST, "max_age is a number of seconds")
    return value


def earliest_login(prompt: str, max_age: str, *, asked_at: Instant, now: Instant) -> Instant:
    """Return the time before which a login is too old for the request; a login at that time will do."""
    earliest = float("-inf")
    if {"login", "select_account"} & set(prompt.split()):
        earliest = asked_at
    if max_age:
        # the login page itself takes time: a login since the request was pushed is always fresh
        earliest = max(earliest, min(now - float(max_age), asked_at))
    return Instant(earliest)
