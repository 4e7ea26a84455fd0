"""What each kind of response does, and how it is taken back; all of it by what an operator could do.  RFC 9470 §3; RFC 7009 §2."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from ringfence.admin.blocks import block_key, checked_value, keep_out, let_in
from ringfence.admin.case_opening import close_opened, open_case
from ringfence.admin.clients import activate_client, suspend_client
from ringfence.admin.exchange import Call
from ringfence.admin.grants import end_grant
from ringfence.admin.notifying import notify
from ringfence.clock import Instant
from ringfence.oauth.session_end import end_session
from ringfence.problem import Reason, Refused
from ringfence.store.interface import FastState
from ringfence.store.measures import step_up_mark, throttle_mark
from ringfence.store.model import Client
from ringfence.store.response_interface import KeptResponse
from ringfence.store.watch_interface import Block

FINAL: Final = frozenset({"revoke", "end-logins", "notify"})
"""Kinds that nobody can take back: the customer logs in, or consents, anew; who was told knows."""

Act = Callable[[Call, KeptResponse], Awaitable[None]]


async def named(call: Call, of: str, value: str, channels: Sequence[str]) -> str:
    """Return what a response is about as the fast state names it.  Raises Refused where there is no such thing."""
    if of == "channel":
        if value not in channels:
            raise Refused(Reason.NOT_FOUND, "the policy has no channel of this name")
        return value
    if of == "grant":
        if await call.ports.records.grant(value) is None:
            raise Refused(Reason.NOT_FOUND, "no grant has this id")
        return value
    return await checked_value(call, of, value)


async def carry_out(call: Call, response: KeptResponse) -> None:
    """Do it; safe to repeat.  Raises Refused, Unavailable."""
    await _DO[response.kind](call, response)


async def take_back(call: Call, response: KeptResponse) -> None:
    """Undo it, and leave what other responses have set for the same.  Raises Refused CONFLICT, Unavailable."""
    if response.kind in FINAL:
        raise Refused(Reason.CONFLICT, "what was ended stays ended, and who was told knows")
    others = [
        other
        for other in await call.ports.watch.standing_responses(call.now)
        if other.response_id != response.response_id
        and (other.kind, other.of, other.value) == (response.kind, response.of, response.value)
    ]
    if response.kind == "block":
        await let_in(call, response.of, response.value)
    elif response.kind == "suspend":
        if not others:
            await activate_client(call, await _client(call, response))
        return
    elif response.kind == "open-case":
        await close_opened(call, response)
        return
    elif key := fast_key(response):
        await call.ports.fast.unblock([key])
    for other in others:
        await carry_out(call, other)


def fast_key(response: KeptResponse) -> bytes:
    """Return the name of a measure or block in the fast state; empty where a response has none."""
    of: Any = response.of
    match response.kind:
        case "step-up":
            return step_up_mark(of, response.value)
        case "throttle":
            return throttle_mark(of, response.value)
        case "block":
            return block_key(of, response.value)
        case _:
            return b""


async def stand(fast: FastState, response: KeptResponse, now: Instant) -> None:
    """Have a measure stand in the fast state.  Raises Unavailable."""
    amount = float(response.at) if response.kind == "step-up" else response.factor
    await fast.measure([fast_key(response)], amount, response.until, now)


async def _measure(call: Call, response: KeptResponse) -> None:
    await stand(call.ports.fast, response, call.now)


async def _block(call: Call, response: KeptResponse) -> None:
    block = Block(response.of, response.value, response.until, response.why, response.by, call.now)
    await keep_out(call, block)


async def _revoke(call: Call, response: KeptResponse) -> None:
    grant = await call.ports.records.grant(response.value)
    if grant is not None:
        await end_grant(grant, response.why, call)


async def _end_logins(call: Call, response: KeptResponse) -> None:
    for session in await call.ports.records.list_sessions(response.value, call.now):
        await end_session(session, response.why, call.ports, call.now, call.correlation)


async def _suspend(call: Call, response: KeptResponse) -> None:
    await suspend_client(call, await _client(call, response))


async def _client(call: Call, response: KeptResponse) -> Client:
    client = await call.ports.records.client(response.value)
    if client is None:
        raise Refused(Reason.NOT_FOUND, "no client has this id")
    return client


_DO: Final[dict[str, Act]] = {
    "step-up": _measure,
    "throttle": _measure,
    "block": _block,
    "revoke": _revoke,
    "end-logins": _end_logins,
    "suspend": _suspend,
    "open-case": open_case,
    "notify": notify,
}
