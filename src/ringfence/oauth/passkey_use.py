"""Log in with a passkey, as the only factor or after the password, and approve a payment with one.  Web Authentication Level 3 §7.2."""

import hmac
from typing import Final, Literal

from ringfence.events.logins import PasskeyRegressed
from ringfence.ids import token_hash
from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.pages.passkey_form import PasskeyAsked
from ringfence.oauth.throttle import throttle_passkeys
from ringfence.oauth.vouchers import give, take_back
from ringfence.problem import Reason, Refused
from ringfence.proofs.passkey import Answer, Party, read_answer, user_handle, verify_use
from ringfence.proofs.segments import decode_segment
from ringfence.store.model import Passkey, User

CREDENTIAL_FIELD: Final = "credential"
"""Parameter with the browser's answer as JSON."""

_FIRST: Final = "passkey alone"
_SECOND: Final = "passkey after password"
_PAYMENT: Final = "passkey for a payment"


def ask_first(exchange: Exchange, server: Server) -> PasskeyAsked | None:
    """Return what the login page asks a browser for: any passkey of ours, of a verified customer."""
    party = server.profile.passkeys
    if party is None:
        return None
    return PasskeyAsked("get", give(_FIRST, "", exchange, server), party.rp_id, "required")


async def ask_second(user: User, exchange: Exchange, server: Server) -> PasskeyAsked | None:
    """Return what the second step asks a browser for: a passkey of this customer; None for who has none."""
    return await _ask_for_own(user, _SECOND, user.user_id, exchange, server, "preferred")


async def ask_for_payment(user: User, text_sha256: str, exchange: Exchange, server: Server) -> PasskeyAsked | None:
    """Return what the page of a payment asks a browser for; None for a customer without passkeys.

    The challenge is good for the text that the page shows and for no other: SCA RTS art. 5(1)(b).
    """
    return await _ask_for_own(user, _PAYMENT, _payment(user, text_sha256), exchange, server, "required")


async def by_passkey(exchange: Exchange, server: Server) -> User:
    """Return the customer whose passkey was shown, by finger, face or PIN.

    Raises:
        Refused: PASSKEY_INVALID, alike for passkeys that are not known and of customers who are disabled;
            LOGIN_THROTTLED.
    """
    await throttle_passkeys(exchange, server)
    answer = read_answer(exchange.parameters.get(CREDENTIAL_FIELD, ""))
    challenge = await take_challenge(answer, _FIRST, "", exchange, server)
    passkey = await server.ports.records.passkey(answer.credential_id)
    user = await server.ports.records.user(passkey.user_id) if passkey else None
    if passkey is None or user is None or user.status != "active":
        raise Refused(Reason.PASSKEY_INVALID, private="not known, or its customer is disabled")
    if not hmac.compare_digest(answer.user_handle, user_handle(user.user_id)):
        raise Refused(Reason.PASSKEY_INVALID, private="the user handle is another customer's")
    await _use(answer, challenge, passkey, exchange, server, demand_verification=True)
    return user


async def second_passkey(user: User, exchange: Exchange, server: Server) -> User:
    """Return the customer, whose password was right, if the passkey is theirs.

    Raises:
        Refused: PASSKEY_INVALID; LOGIN_THROTTLED.
    """
    return await _own_passkey(user, _SECOND, user.user_id, exchange, server, demand_verification=False)


async def payment_passkey(user: User, text_sha256: str, exchange: Exchange, server: Server) -> User:
    """Return the customer, who has approved the payment of this text by finger, face or PIN.

    Raises:
        Refused: PASSKEY_INVALID; LOGIN_THROTTLED.
    """
    about = _payment(user, text_sha256)
    return await _own_passkey(user, _PAYMENT, about, exchange, server, demand_verification=True)


def _payment(user: User, text_sha256: str) -> str:
    return f"{user.user_id}\n{text_sha256}"


async def _ask_for_own(
    user: User,
    purpose: str,
    about: str,
    exchange: Exchange,
    server: Server,
    verification: Literal["required", "preferred"],
) -> PasskeyAsked | None:
    party, passkeys = server.profile.passkeys, await server.ports.records.list_passkeys(user.user_id)
    if party is None or not passkeys:
        return None
    names = tuple(one.credential_id for one in passkeys)
    challenge = give(purpose, about, exchange, server)
    return PasskeyAsked("get", challenge, party.rp_id, verification, credentials=names)


async def _own_passkey(
    user: User, purpose: str, about: str, exchange: Exchange, server: Server, *, demand_verification: bool
) -> User:
    await throttle_passkeys(exchange, server)
    answer = read_answer(exchange.parameters.get(CREDENTIAL_FIELD, ""))
    challenge = await take_challenge(answer, purpose, about, exchange, server)
    passkey = await server.ports.records.passkey(answer.credential_id)
    if passkey is None or passkey.user_id != user.user_id:
        raise Refused(Reason.PASSKEY_INVALID, private="not a passkey of this customer")
    if answer.user_handle and not hmac.compare_digest(answer.user_handle, user_handle(user.user_id)):
        raise Refused(Reason.PASSKEY_INVALID, private="the user handle is another customer's")
    await _use(answer, challenge, passkey, exchange, server, demand_verification=demand_verification)
    return user


def require_party(server: Server) -> Party:
    """Return who we are to passkeys.  Raises Refused NOT_FOUND where the issuer's host is an address."""
    if server.profile.passkeys is None:
        raise Refused(Reason.NOT_FOUND, "passkeys need a host name")
    return server.profile.passkeys


async def take_challenge(answer: Answer, purpose: str, about: str, exchange: Exchange, server: Server) -> bytes:
    """Return the challenge that this browser was given, the one time that it is answered.  Raises Refused PASSKEY_INVALID."""
    try:
        await take_back(answer.challenge, purpose, about, exchange, server)
    except Refused:
        raise Refused(Reason.PASSKEY_INVALID, "the page has grown old; try again") from None
    return decode_segment(answer.challenge, Reason.PASSKEY_INVALID)


async def _use(
    answer: Answer, challenge: bytes, passkey: Passkey, exchange: Exchange, server: Server, *, demand_verification: bool
) -> None:
    party, now = require_party(server), exchange.now
    used = verify_use(answer, party, challenge, passkey.public_key, demand_verification=demand_verification)
    records = server.ports.records
    if await records.use_passkey(passkey.credential_id, used.sign_count, now, backed_up=used.backed_up):
        return
    before = await records.passkey(passkey.credential_id)
    server.ports.events.emit(
        PasskeyRegressed(
            at=now,
            correlation=exchange.request.correlation,
            user=passkey.user_id,
            passkey=token_hash(passkey.credential_id),
            seen=settled(before).sign_count,
            shown=used.sign_count,
            network=exchange.request.peer.address,
        )
    )
    raise Refused(
        Reason.PASSKEY_INVALID, "there may be a copy of it; remove it, and call us", private="count regressed"
    )
