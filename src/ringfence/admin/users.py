"""`/users`: customers who log in on the built-in pages."""

import asyncio
from typing import Final

import msgspec
from starlette.routing import Route

from ringfence.admin.blocking import block_until
from ringfence.admin.exchange import Answer, Call, Listing, route
from ringfence.admin.ports import AdminPorts
from ringfence.clients.texts import checked_name, fault
from ringfence.clock import Instant
from ringfence.ids import new_id
from ringfence.oauth.session_end import end_sessions
from ringfence.policy.model import Passwords, Policy
from ringfence.problem import Reason, Refused
from ringfence.secret import Secret
from ringfence.store.blocks import user_block
from ringfence.store.interface import AlreadyThere
from ringfence.store.model import User

LONGEST_USERNAME: Final = 128
LONGEST_NAME: Final = 128
LONGEST_PASSWORD: Final = 1024
"""In bytes of UTF-8."""


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for."""

    username: str
    password: str
    name: str = ""


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    """A user as shown: without the password's hash."""

    user_id: str
    username: str
    name: str
    status: str
    authenticator: bool
    """Each login asks for the code of an authenticator."""
    created_at: Instant


def user_routes(policy: Policy, ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""

    async def add(call: Call) -> Answer:
        return await _add(call, policy.oauth.passwords)

    return [
        route(ports, "POST", "/users", add),
        route(ports, "GET", "/users", _list),
        route(ports, "GET", "/users/{user_id}", _show),
        route(ports, "POST", "/users/{user_id}/disable", _disable),
        route(ports, "POST", "/users/{user_id}/enable", _enable),
        route(ports, "POST", "/users/{user_id}/remove-authenticator", _remove_authenticator),
        route(ports, "DELETE", "/users/{user_id}", _remove),
    ]


async def _add(call: Call, rules: Passwords) -> Answer:
    asked = call.read(NewUser)
    username = checked_name(asked.username, "/username", LONGEST_USERNAME)
    name = checked_name(asked.name, "/name", LONGEST_NAME) if asked.name else ""
    password = await _checked_password(asked.password, rules, call.ports)
    if await call.ports.records.user_by_name(username) is not None:
        raise AlreadyThere(f"user {username}")
    user = User(
        user_id=new_id("user", call.ports.random),
        username=username,
        password_hash=await asyncio.to_thread(call.ports.hash_password, password.reveal()),
        name=name,
        created_at=call.now,
    )
    await call.ports.records.add_user(user)
    call.acted("user.added", user.user_id)
    return Answer(_view(user), 201)


async def _checked_password(text: str, rules: Passwords, ports: AdminPorts) -> Secret:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise fault("/password", "is not valid text") from None
    if len(text) < rules.minimum_length or size > LONGEST_PASSWORD:
        raise fault("/password", f"has at least {rules.minimum_length} characters and at most {LONGEST_PASSWORD} bytes")
    if await asyncio.to_thread(ports.times_leaked, text):
        raise fault("/password", "is on the list of passwords that have leaked, which attackers try first")
    return Secret(text)


async def _list(call: Call) -> Answer:
    return Answer(Listing([_view(user) for user in await call.ports.records.list_users()]))


async def _show(call: Call) -> Answer:
    return Answer(_view(await _known(call)))


async def _disable(call: Call) -> Answer:
    user = await _known(call)
    await _stop(call, user)
    call.acted("user.disabled", user.user_id)
    return Answer(_view(await _known(call)))


async def _enable(call: Call) -> Answer:
    user = await _known(call)
    await call.ports.records.set_user_status(user.user_id, "active")
    await call.ports.fast.unblock([user_block(user.user_id)])
    call.acted("user.enabled", user.user_id)
    return Answer(_view(await _known(call)))


async def _remove_authenticator(call: Call) -> Answer:
    user = await _known(call)
    await call.ports.records.remove_authenticator(user.user_id)
    call.acted("user.authenticator-removed", user.user_id)
    return Answer(_view(await _known(call)))


async def _remove(call: Call) -> Answer:
    user = await _known(call)
    await _stop(call, user)
    await call.ports.records.remove_user(user.user_id)
    call.acted("user.removed", user.user_id)
    return Answer({"user_id": user.user_id, "removed": True})


async def _stop(call: Call, user: User) -> None:
    """Stop a user: first no calls, even where the records are out, then no new tokens. Safe to repeat."""
    await call.ports.fast.block([user_block(user.user_id)], block_until(call.now), call.now)
    await call.ports.records.set_user_status(user.user_id, "disabled")
    sessions = await call.ports.records.list_sessions(user.user_id, call.now)
    await end_sessions(sessions, "the customer is stopped", call.ports, call.now, call.correlation)


async def _known(call: Call) -> User:
    user = await call.ports.records.user(call.path["user_id"])
    if user is None:
        raise Refused(Reason.NOT_FOUND, "no user has this id")
    return user


def _view(user: User) -> UserView:
    return UserView(
        user_id=user.user_id,
        username=user.username,
        name=user.name,
        status=user.status,
        authenticator=bool(user.totp_secret),
        created_at=user.created_at,
    )
