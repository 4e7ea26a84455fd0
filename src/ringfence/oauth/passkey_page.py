"""The page where customers add, name and remove passkeys, and renew recovery codes.  Web Authentication Level 3 §7.1."""

from typing import Final

from ringfence.clock import Seconds
from ringfence.events.logins import PasskeyChanged, RecoveryCodesRenewed
from ringfence.ids import token_hash
from ringfence.message import Response
from ringfence.oauth.answers import see_other
from ringfence.oauth.devices import UNKNOWN, device_of
from ringfence.oauth.endpoints import Endpoint, path_of
from ringfence.oauth.exchange import Exchange, Outcome, Server, settled
from ringfence.oauth.login_forms import LoginPlace, show_login
from ringfence.oauth.moments import moment
from ringfence.oauth.pages.passkey_form import PasskeyAsked
from ringfence.oauth.pages.passkeys import PasskeyShown, codes_page, passkeys_page, remove_last_page
from ringfence.oauth.passkey_use import CREDENTIAL_FIELD, require_party, take_challenge
from ringfence.oauth.recovery_codes import kept_form, new_codes
from ringfence.oauth.sessions import bound_to_browser
from ringfence.oauth.vouchers import give
from ringfence.oauth.words import shown
from ringfence.problem import Reason, Refused
from ringfence.proofs.passkey import read_answer, user_handle, verify_registration
from ringfence.proofs.segments import encode_segment
from ringfence.store.model import Passkey, User

LEADS_HERE: Final = "passkeys"
"""Value of `leads_to` of a login that this page has asked for."""

NAME_FIELD: Final = "name"
PASSKEY_FIELD: Final = "passkey"
CONFIRMED_FIELD: Final = "confirmed"
"""Parameters of the page's forms."""

RECENT_SECONDS: Final[Seconds] = 300.0
"""How long after a login the customer may change how to log in."""

_LONGEST_NAME: Final = 60

_CREATE: Final = "new passkey"

_AGAIN: Final = (Reason.PASSKEY_INVALID, Reason.CONFLICT)


async def show_passkeys(exchange: Exchange, server: Server) -> Outcome:
    """Return the page; whoever has not logged in just now does so first."""
    if (first := _login_first(exchange, server)) is not None:
        return Outcome(first)
    return Outcome(await _page(exchange, server))


async def add_passkey(exchange: Exchange, server: Server) -> Outcome:
    """Keep the passkey that the browser has made; with the first second factor come recovery codes, shown once."""
    if (first := _login_first(exchange, server)) is not None:
        return Outcome(first)
    user = await _customer(exchange, server)
    codes = () if user.recovery_codes else new_codes(server.ports.random)
    try:
        credential_id = await _keep(user, kept_form(codes), exchange, server)
    except Refused as refused:
        if refused.reason not in _AGAIN:
            raise
        return Outcome(await _page(exchange, server, refused), user=user.user_id)
    await _changed(credential_id, exchange, server, added=True)
    if codes:
        return Outcome(codes_page(server.profile, server.ports.random, codes, added=True), user=user.user_id)
    return Outcome(see_other(_path(server)), user=user.user_id)


async def name_passkey(exchange: Exchange, server: Server) -> Outcome:
    """Call a passkey otherwise.  Raises Refused NOT_FOUND for one that is not this customer's."""
    if (first := _login_first(exchange, server)) is not None:
        return Outcome(first)
    user, credential_id = await _customer(exchange, server), exchange.parameters.get(PASSKEY_FIELD, "")
    if not await server.ports.records.name_passkey(user.user_id, credential_id, _name(exchange)):
        raise Refused(Reason.NOT_FOUND, "you have no such passkey")
    return Outcome(see_other(_path(server)), user=user.user_id)


async def remove_passkey(exchange: Exchange, server: Server) -> Outcome:
    """Remove a passkey; before the last second factor goes, the page says what that means.

    Raises:
        Refused: NOT_FOUND for one that is not this customer's.
    """
    if (first := _login_first(exchange, server)) is not None:
        return Outcome(first)
    user, records = await _customer(exchange, server), server.ports.records
    credential_id = exchange.parameters.get(PASSKEY_FIELD, "")
    passkey = await records.passkey(credential_id)
    if passkey is None or passkey.user_id != user.user_id:
        raise Refused(Reason.NOT_FOUND, "you have no such passkey")
    confirmed = exchange.parameters.get(CONFIRMED_FIELD) == "yes"
    if not await records.remove_passkey(user.user_id, credential_id, last=confirmed):
        token = bound_to_browser(exchange, Endpoint.MY_PASSKEY_REMOVE.name)
        return Outcome(remove_last_page(server.profile, server.ports.random, credential_id, passkey.name, token))
    await _changed(credential_id, exchange, server, added=False)
    return Outcome(see_other(_path(server)), user=user.user_id)


async def renew_recovery_codes(exchange: Exchange, server: Server) -> Outcome:
    """Replace the recovery codes and show the new ones, once.

    Raises:
        Refused: CONFLICT for who has no second factor, and for the later of two renewals at once.
    """
    if (first := _login_first(exchange, server)) is not None:
        return Outcome(first)
    user, records = await _customer(exchange, server), server.ports.records
    if not user.totp_secret and not await records.list_passkeys(user.user_id):
        raise Refused(Reason.CONFLICT, "recovery codes stand in for a passkey or an authenticator; set up one first")
    codes = new_codes(server.ports.random)
    if not await records.change_recovery_codes(user.user_id, user.recovery_codes, kept_form(codes)):
        raise Refused(Reason.CONFLICT, "your recovery codes have changed meanwhile")
    server.ports.events.emit(
        RecoveryCodesRenewed(
            at=exchange.now,
            correlation=exchange.request.correlation,
            user=user.user_id,
            network=exchange.request.peer.address,
        )
    )
    return Outcome(codes_page(server.profile, server.ports.random, codes, added=False), user=user.user_id)


async def _keep(user: User, codes: str, exchange: Exchange, server: Server) -> str:
    """Keep what the browser has made and return its credential's id.  Raises Refused PASSKEY_INVALID or CONFLICT."""
    answer = read_answer(exchange.parameters.get(CREDENTIAL_FIELD, ""))
    challenge = await take_challenge(answer, _CREATE, user.user_id, exchange, server)
    made = verify_registration(answer, require_party(server), challenge)
    passkey = Passkey(
        credential_id=made.credential_id,
        user_id=user.user_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=_name(exchange),
        backed_up=made.backed_up,
        created_at=exchange.now,
    )
    if not await server.ports.records.add_passkey(passkey, codes):
        raise Refused(Reason.CONFLICT, "it is kept already, or you have as many as we keep")
    return passkey.credential_id


def _login_first(exchange: Exchange, server: Server) -> Response | None:
    """Return the login page for whoever has not logged in within `RECENT_SECONDS`: an open browser is not enough."""
    session = exchange.session
    if session is not None and exchange.now - session.authenticated_at < RECENT_SECONDS:
        return None
    if not exchange.browser:
        return see_other(path_of(server.profile, Endpoint.MY_GRANTS))
    return show_login(exchange, server, LoginPlace(Endpoint.MY_LOGIN, leads_to=LEADS_HERE))


async def _page(exchange: Exchange, server: Server, refused: Refused | None = None) -> Response:
    user = await _customer(exchange, server)
    passkeys = await server.ports.records.list_passkeys(user.user_id)
    return passkeys_page(
        server.profile,
        server.ports.random,
        passkeys=[
            PasskeyShown(
                credential_id=one.credential_id,
                mark=token_hash(one.credential_id)[:16],
                name=shown(one.name),
                made=moment(one.created_at),
                used=moment(one.used_at) if one.used_at is not None else "",
                backed_up=one.backed_up,
            )
            for one in passkeys
        ],
        asked=_ask(user, passkeys, exchange, server),
        suggested=_device(exchange),
        codes_left=len(user.recovery_codes.split()),
        has_app=bool(user.totp_secret),
        tokens={
            one.name: bound_to_browser(exchange, one.name)
            for one in (
                Endpoint.MY_PASSKEY_ADD,
                Endpoint.MY_PASSKEY_NAME,
                Endpoint.MY_PASSKEY_REMOVE,
                Endpoint.MY_RECOVERY,
            )
        },
        refused=refused,
    )


def _ask(user: User, passkeys: list[Passkey], exchange: Exchange, server: Server) -> PasskeyAsked | None:
    party = server.profile.passkeys
    if party is None:
        return None
    return PasskeyAsked(
        "create",
        give(_CREATE, user.user_id, exchange, server),
        party.rp_id,
        "required",
        credentials=tuple(one.credential_id for one in passkeys),
        user_handle=encode_segment(user_handle(user.user_id)),
        user_name=user.username,
        display_name=user.name or user.username,
    )


async def _customer(exchange: Exchange, server: Server) -> User:
    return settled(await server.ports.records.user(settled(exchange.session).user_id))


async def _changed(credential_id: str, exchange: Exchange, server: Server, *, added: bool) -> None:
    user_id = settled(exchange.session).user_id
    server.ports.events.emit(
        PasskeyChanged(
            at=exchange.now,
            correlation=exchange.request.correlation,
            user=user_id,
            passkey=token_hash(credential_id),
            added=added,
            left=len(await server.ports.records.list_passkeys(user_id)),
            network=exchange.request.peer.address,
        )
    )


def _name(exchange: Exchange) -> str:
    return shown(exchange.parameters.get(NAME_FIELD, "")).strip()[:_LONGEST_NAME] or _device(exchange)


def _device(exchange: Exchange) -> str:
    device = device_of(exchange.request.header("user-agent") or "")
    return "Passkey" if device == UNKNOWN else device


def _path(server: Server) -> str:
    return path_of(server.profile, Endpoint.MY_PASSKEYS)
