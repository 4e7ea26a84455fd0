"""Ask for the second factor again, for this payment alone: no session stands in for it.  SCA RTS art. 4(1), 5(1)(b)."""

from typing import Final

from ringfence.events.logins import LoginDecided
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.second_factor import CODE_FIELD, claim_code
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

AUTHENTICATOR: Final = "otp"
"""RFC 8176 §2."""


async def require_payment_factor(exchange: Exchange, server: Server) -> str:
    """Return the method by which the customer, who is logged in, has approved this payment just now.

    A code of the authenticator counts, and one that no login has used. A recovery code does not: it is for who
    has lost the authenticator, and such a customer enrols another one first.

    Raises:
        Refused: SECOND_FACTOR, LOGIN_THROTTLED; AUTHENTICATION_UNMET where the customer has no authenticator.
    """
    user = settled(await server.ports.records.user(settled(exchange.session).user_id))
    require_authenticator(user)
    code = "".join(exchange.parameters.get(CODE_FIELD, "").split())
    if not code:
        raise Refused(Reason.SECOND_FACTOR, "type the code that your authenticator shows now")
    try:
        await claim_code(code, user, exchange, server)
    except Refused as refused:
        server.ports.events.emit(
            LoginDecided(
                at=exchange.now,
                correlation=exchange.request.correlation,
                allowed=False,
                username_hash="",
                user=user.user_id,
                client=settled(exchange.client).client_id,
                network=exchange.request.peer.address,
                reason=refused.reason.value,
            )
        )
        raise
    return AUTHENTICATOR


def require_authenticator(user: User) -> User:
    """Return a customer who could approve a payment.  Raises Refused AUTHENTICATION_UNMET."""
    if not user.totp_secret:
        raise Refused(Reason.AUTHENTICATION_UNMET, "the customer has no authenticator, which a payment needs")
    return user
