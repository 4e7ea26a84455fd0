"""Log a customer in: by name and password, and the second factor of who has one, or by a passkey.  NIST SP 800-63B-4 §2.2, §3.2.2."""

from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.login_events import login_decided
from ringfence.oauth.passkey_use import CREDENTIAL_FIELD, by_passkey, second_passkey
from ringfence.oauth.risk import require_low_risk
from ringfence.oauth.second_factor import CODE_FIELD, has_second_factor, require_code
from ringfence.oauth.step_up import allow_password_alone
from ringfence.oauth.throttle import throttle_passwords
from ringfence.oauth.tokens import ACR_PASSKEY, ACR_TWO_FACTOR
from ringfence.oauth.vouchers import VOUCHER_SECONDS, give, take_back
from ringfence.problem import Reason, Refused
from ringfence.store.model import User

MAX_USERNAME: Final = 256

PASSED_FIELD: Final = "passed"
"""Parameter of the second step: shows that the password was right a moment ago."""

_PASSED: Final = "password was right"

_TRY_AGAIN: Final = (Reason.SECOND_FACTOR, Reason.PASSKEY_INVALID, Reason.LOGIN_THROTTLED)
"""Refusals of the second step after which the customer tries that step again."""


class LoggedIn(msgspec.Struct, frozen=True):
    """A customer who is who they say they are."""

    user: User
    acr: str
    """Class of the login; empty: by password."""


class SecondStep(msgspec.Struct, frozen=True):
    """A customer whose password was right, and who has to show the second factor."""

    user: User
    ends_at: Instant
    """Until when the password counts."""
    refused: Refused
    """What is missing or was wrong."""
    tried: bool = True
    """Something was shown, and it was wrong; otherwise the password has only just been typed."""


async def log_in(exchange: Exchange, server: Server) -> LoggedIn | SecondStep:
    """Return the customer who has logged in, or whose second factor is still wanted.

    Raises:
        Refused: LOGIN_FAILED, alike for unknown names, wrong passwords and disabled customers;
            SECOND_FACTOR; SECOND_FACTOR_LACKING; PASSKEY_INVALID; LOGIN_THROTTLED; OVERLOADED.
    """
    parameters = exchange.parameters
    username = parameters.get("username", "").strip()
    try:
        if PASSED_FIELD in parameters:
            user, ends_at = await _passed(exchange, server)
            username = user.username
            done = await _second_step(user, ends_at, exchange, server)
        elif CREDENTIAL_FIELD in parameters:
            user = await by_passkey(exchange, server)
            username = user.username
            done = LoggedIn(user, ACR_PASSKEY)
        else:
            user = await _by_password(username, exchange, server)
            done = await _second_step(user, Instant(exchange.now + VOUCHER_SECONDS), exchange, server)
    except Refused as refused:
        server.ports.events.emit(login_decided(exchange, server, username, reason=refused.reason.value))
        raise
    if isinstance(done, LoggedIn):
        server.ports.events.emit(login_decided(exchange, server, username, user=done.user.user_id, acr=done.acr))
    else:
        server.ports.events.emit(login_decided(exchange, server, username, reason=done.refused.reason.value))
    return done


def passed_voucher(step: SecondStep, exchange: Exchange, server: Server) -> str:
    """Return the value of `PASSED_FIELD` for the form of the second step: good once, in this browser."""
    return f"{step.user.user_id}~{give(_PASSED, _about(step.user), exchange, server, step.ends_at)}"


async def _passed(exchange: Exchange, server: Server) -> tuple[User, Instant]:
    user_id, _, voucher = exchange.parameters[PASSED_FIELD].partition("~")
    user = _require_active(await server.ports.records.user(user_id))
    try:
        return user, await take_back(voucher, _PASSED, _about(user), exchange, server)
    except Refused:
        raise Refused(Reason.SECOND_FACTOR, "it took too long, or was sent twice; type your password again") from None


def _about(user: User) -> str:
    return f"{user.user_id}\n{user.password_hash}"


async def _by_password(username: str, exchange: Exchange, server: Server) -> User:
    user = await server.ports.records.user_by_name(username) if 0 < len(username) <= MAX_USERNAME else None
    await throttle_passwords(username, user, exchange, server)
    await server.ports.passwords.verify(user.password_hash if user else "", exchange.parameters.get("password", ""))
    return _require_active(user)


async def _second_step(user: User, ends_at: Instant, exchange: Exchange, server: Server) -> LoggedIn | SecondStep:
    if not await has_second_factor(user, server):
        await allow_password_alone(user, exchange, server)
        return LoggedIn(await require_low_risk(user, exchange, server), "")
    try:
        if CREDENTIAL_FIELD in exchange.parameters:
            return LoggedIn(await second_passkey(user, exchange, server), ACR_PASSKEY)
        if not exchange.parameters.get(CODE_FIELD):
            wanted = Refused(Reason.SECOND_FACTOR, "your password was right")
            return SecondStep(user, ends_at, wanted, tried=False)
        return LoggedIn(await require_code(user, exchange, server), ACR_TWO_FACTOR)
    except Refused as refused:
        if refused.reason not in _TRY_AGAIN:
            raise
        return SecondStep(user, ends_at, refused)


def _require_active(user: User | None) -> User:
    if user is None or user.status != "active":
        raise Refused(Reason.LOGIN_FAILED, private="the customer is disabled or gone")
    return user
