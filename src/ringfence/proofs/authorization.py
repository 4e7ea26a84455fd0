"""Read the `Authorization` field of a call.  RFC 9110 §11.4; RFC 6750 §2.1; RFC 9449 §7.1, §7.2."""

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.jws import MAX_CHARACTERS

Scheme = Literal["DPoP", "Bearer"]

_SCHEMES: Final[dict[str, Scheme]] = {"dpop": "DPoP", "bearer": "Bearer"}
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)


class Credentials(msgspec.Struct, frozen=True, gc=False):
    """A scheme that carries tokens, and the token under it: `token68` syntax, not verified."""

    scheme: Scheme
    token: str


def parse_authorization(values: Sequence[str]) -> Credentials:
    """Return what the field says.

    Args:
        values: of every `authorization` field line of the call, in order.

    Raises:
        Refused: TOKEN_MISSING without the field or under another scheme, AMBIGUOUS_HEADER if there are
            several, TOKEN_MALFORMED if what follows the scheme is not one token.
    """
    if not values:
        raise Refused(Reason.TOKEN_MISSING)
    if len(values) > 1:
        raise Refused(Reason.AMBIGUOUS_HEADER, "authorization appears more than once")
    name, _, rest = values[0].partition(" ")
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        raise Refused(Reason.TOKEN_MISSING, "the Authorization scheme is neither DPoP nor Bearer")
    token = rest.strip(" ")
    if len(token) > MAX_CHARACTERS or not _TOKEN68.fullmatch(token):
        raise Refused(Reason.TOKEN_MALFORMED, "one token has to follow the Authorization scheme")
    return Credentials(scheme, token)


def check_scheme(credentials: Credentials, token: AccessToken) -> None:
    """Return if the token is presented under the scheme that it is bound for.

    A token bound to a key comes under `DPoP`, so that a server which knows only `Bearer` refuses it
    and a stolen one is never taken without its proof (RFC 9449 §7.2); one bound to a certificate only
    comes under `Bearer` (RFC 8705 §3).

    Raises:
        Refused: SCHEME_MISMATCH.
    """
    expected: Scheme = "DPoP" if token.jkt else "Bearer"
    if credentials.scheme != expected:
        raise Refused(Reason.SCHEME_MISMATCH, f"this token belongs under {expected}")
