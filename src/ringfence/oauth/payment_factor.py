"""Ask for the second factor again, for this payment alone: no session stands in for it.  SCA RTS art. 4(1), 5(1)(b)."""

from typing import Final

import msgspec

from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.login_events import login_decided
from ringfence.oauth.pages.passkey_form import PasskeyAsked
from ringfence.oauth.passkey_use import CREDENTIAL_FIELD, ask_for_payment, payment_passkey
from ringfence.oauth.second_factor import CODE_FIELD, claim_code
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

AUTHENTICATOR: Final = "otp"
PASSKEY: Final = "pop"
"""RFC 8176 §2."""


class WaysToApprove(msgspec.Struct, frozen=True):
    """By what a customer may approve the payment on the page."""

    app: bool
    """The code of an authenticator."""
    passkey: PasskeyAsked | None
    """What the browser may be asked for."""


async def ways_to_approve(text_sha256: str, exchange: Exchange, server: Server) -> WaysToApprove:
    """Return what the page of a payment offers the customer who is logged in."""
    user = await _customer(exchange, server)
    return WaysToApprove(bool(user.totp_secret), await ask_for_payment(user, text_sha256, exchange, server))


async def require_payment_factor(text_sha256: str, exchange: Exchange, server: Server) -> str:
    """Return the method by which the customer, who is logged in, has approved this payment just now.

    A passkey counts that knows its owner, and a code of the authenticator that no login has used. A recovery code
    does not: it is for who has lost these, and such a customer sets one up first.

    Args:
        text_sha256: of the text that the customer was shown.
        exchange: the form.
        server: settings and ports.

    Raises:
        Refused: SECOND_FACTOR, PASSKEY_INVALID, LOGIN_THROTTLED; AUTHENTICATION_UNMET where the customer has neither.
    """
    user = await require_able(await _customer(exchange, server), server)
    by_passkey = CREDENTIAL_FIELD in exchange.parameters
    code = "".join(exchange.parameters.get(CODE_FIELD, "").split())
    if not by_passkey and not code:
        wanted = "type the code that your authenticator shows now" if user.totp_secret else "use your passkey"
        raise Refused(Reason.SECOND_FACTOR, wanted)
    try:
        if by_passkey:
            await payment_passkey(user, text_sha256, exchange, server)
        else:
            await _claim(code, user, exchange, server)
    except Refused as refused:
        reason = refused.reason.value
        server.ports.events.emit(login_decided(exchange, server, user.username, user=user.user_id, reason=reason))
        raise
    return PASSKEY if by_passkey else AUTHENTICATOR


async def require_able(user: User, server: Server) -> User:
    """Return a customer who could approve a payment.  Raises Refused AUTHENTICATION_UNMET."""
    if user.totp_secret:
        return user
    if server.profile.passkeys is not None and await server.ports.records.list_passkeys(user.user_id):
        return user
    raise Refused(Reason.AUTHENTICATION_UNMET, "the customer has no passkey or authenticator, which a payment needs")


async def _customer(exchange: Exchange, server: Server) -> User:
    return settled(await server.ports.records.user(settled(exchange.session).user_id))


async def _claim(code: str, user: User, exchange: Exchange, server: Server) -> None:
    if not user.totp_secret:
        raise Refused(Reason.SECOND_FACTOR, "use your passkey")
    await claim_code(code, user, exchange, server)
