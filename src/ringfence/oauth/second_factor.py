"""Check the code of an authenticator, or a recovery code.  NIST SP 800-63B-4 §3.1.2, §3.1.4."""

from typing import Final

from ringfence.keys.sealing import Unsealable
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.recovery_codes import without
from ringfence.oauth.throttle import throttle_codes
from ringfence.oauth.totp import CODE, step_of
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

CODE_FIELD: Final = "code"

_USED: Final = "the code has been used; wait for the next one"


async def has_second_factor(user: User, server: Server) -> bool:
    """Say whether the customer's password alone is not enough: there is an authenticator or a passkey."""
    return bool(user.totp_secret) or bool(await server.ports.records.list_passkeys(user.user_id))


async def require_code(user: User, exchange: Exchange, server: Server) -> User:
    """Return the customer, whose password was right, if the code is right too.

    Raises:
        Refused: SECOND_FACTOR; LOGIN_THROTTLED.
    """
    code = "".join(exchange.parameters.get(CODE_FIELD, "").split())
    if CODE.fullmatch(code) and user.totp_secret:
        return await claim_code(code, user, exchange, server)
    await throttle_codes(user, exchange, server)
    left = without(user.recovery_codes, code)
    if not await server.ports.records.change_recovery_codes(user.user_id, user.recovery_codes, left):
        raise Refused(Reason.SECOND_FACTOR, _USED)
    return user


async def claim_code(code: str, user: User, exchange: Exchange, server: Server) -> User:
    """Return the customer whose authenticator shows this code, which counts once.

    Raises:
        Refused: SECOND_FACTOR; LOGIN_THROTTLED.
    """
    await throttle_codes(user, exchange, server)
    if not CODE.fullmatch(code):
        raise Refused(Reason.SECOND_FACTOR, "the code is not right")
    step = step_of(code, _secret(user, server), exchange.now)
    if not await server.ports.records.claim_totp_step(user.user_id, step):
        raise Refused(Reason.SECOND_FACTOR, _USED)
    return user


def _secret(user: User, server: Server) -> bytes:
    try:
        return server.ports.sealer.unseal(user.totp_secret, user.user_id)
    except Unsealable:
        raise Refused(Reason.INTERNAL, private="the authenticator's secret was sealed under another key") from None
