"""Demand the second factor of a customer who has one.  NIST SP 800-63B-4 §3.1.4, §3.2.2."""

import hashlib
from typing import Final

from ringfence.keys.sealing import Unsealable
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.recovery_codes import without
from ringfence.oauth.totp import CODE, step_of
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission, Bucket
from ringfence.store.model import User

CODE_FIELD: Final = "code"

_USED: Final = "the code has been used; wait for the next one"

_INTERVAL: Final = 600.0
_AT_ONCE: Final = 10
"""Codes tried for one customer: one in ten minutes in the long run, and ten at once. Who guesses has the password
already; of a million codes three are right at a time, so a year of guesses, each on record, finds one with a chance
of one in seven."""


async def require_second_factor(user: User, exchange: Exchange, server: Server) -> User:
    """Return the customer, whose password was right, if the code is right too, or none is needed.

    Raises:
        Refused: SECOND_FACTOR; LOGIN_THROTTLED.
    """
    if not user.totp_secret:
        return user
    code = "".join(exchange.parameters.get(CODE_FIELD, "").split())
    if not code:
        raise Refused(Reason.SECOND_FACTOR, "type the code of your authenticator, or a recovery code")
    if CODE.fullmatch(code):
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


async def throttle_codes(user: User, exchange: Exchange, server: Server) -> None:
    """Return if another code may be tried for this customer.  Raises Refused LOGIN_THROTTLED."""
    key = b"second-factor:" + hashlib.sha256(user.user_id.encode()).digest()
    bucket = Bucket(key, _INTERVAL, _INTERVAL * (_AT_ONCE - 1))
    admitted = await server.ports.fast.admit(Admission(buckets=(bucket,)), exchange.now)
    if admitted.limited >= 0:
        seconds = max(1, round(admitted.retry_after))
        raise Refused(Reason.LOGIN_THROTTLED, f"try again in {seconds} s", headers=(("retry-after", str(seconds)),))


def _secret(user: User, server: Server) -> bytes:
    try:
        return server.ports.sealer.unseal(user.totp_secret, user.user_id)
    except Unsealable:
        raise Refused(Reason.INTERNAL, private="the authenticator's secret was sealed under another key") from None
