import asyncio
from typing import Any

import msgspec
import pytest
from calls import NOW, limited, operation, request, token

from ringfence.clock import Instant
from ringfence.gateway.ports import NotSent
from ringfence.gateway.spend import sent, spend
from ringfence.gateway.stages import Constrained, Governed, Screened, Spent, Valid
from ringfence.message import Response
from ringfence.policy.linking_model import Link, LinkMembers
from ringfence.problem import Reason, Refused
from ringfence.store.consent_states import ConsentState
from ringfence.store.interface import Unavailable
from ringfence.store.model import Consent

LINK = Link(type="payment", members=LinkMembers(amount="/a", currency="/b", payee="/c"))
ANSWER = Response(201, (), b"")


class Consents:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.free = True
        self.gone = False
        self.seconds = self.taking_seconds = 0.0

    async def use_consent(self, consent_id: str, client_id: str, call: str, now: Instant) -> bool:
        await asyncio.sleep(self.taking_seconds)
        self.said.append(f"use {consent_id} {client_id}")
        return self.free

    async def return_consent(self, consent_id: str, call: str) -> bool:
        self.said.append("return")
        if self.gone:
            raise Unavailable("gone")
        return True

    async def spend_consent(self, consent_id: str, call: str, now: Instant) -> Consent | None:
        await asyncio.sleep(self.seconds)
        self.said.append("spend")
        if self.gone:
            raise Unavailable("gone")
        return Consent(
            consent_id=consent_id,
            client_id="c",
            scopes=(),
            state=ConsentState.CONSUMED,
            created_at=now,
            changed_at=now,
            expires_at=now,
        )


class Events:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def emit(self, event: Any) -> None:
        self.seen.append(event)

    def ready(self) -> None: ...


def governed(link: Link | None = LINK) -> Governed:
    found = limited(operation(demands={"link": link}), request())
    identified = msgspec.structs.replace(found.authorized.identified, token=token(consent_id="consent_1"))
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    return Governed(Constrained(Screened(Valid(msgspec.structs.replace(found, authorized=authorized), b"", None, {}))))


async def forwarding(outcome: Response | BaseException) -> Response:
    await asyncio.sleep(0)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def run(consents: Consents, outcome: Response | BaseException, events: Events | None = None) -> Response:
    spent = await spend(governed(), consents, NOW)
    return await sent(spent, consents, events or Events(), lambda: NOW, forwarding(outcome))


async def test_a_call_that_makes_no_payment_asks_nobody() -> None:
    spent = await spend(governed(None), None, NOW)
    assert spent == Spent(spent.constrained)
    assert await sent(spent, None, Events(), lambda: NOW, forwarding(ANSWER)) is ANSWER


async def test_where_there_are_no_records_no_payment_passes() -> None:
    with pytest.raises(Unavailable):
        await spend(governed(), None, NOW)


async def test_a_consent_in_use_is_refused() -> None:
    consents = Consents()
    consents.free = False
    with pytest.raises(Refused) as refused:
        await spend(governed(), consents, NOW)
    assert refused.value.reason is Reason.CONSENT_USED


async def test_an_answer_uses_it_up_and_is_told() -> None:
    consents, events = Consents(), Events()
    assert await run(consents, ANSWER, events) is ANSWER
    assert consents.said == ["use consent_1 client_a", "spend"]
    assert events.seen[0].state == "Consumed"


async def test_nothing_sent_returns_it() -> None:
    consents = Consents()
    with pytest.raises(NotSent):
        await run(consents, NotSent(Reason.UPSTREAM_BUSY))
    assert consents.said[-1] == "return"


@pytest.mark.parametrize("outcome", [Refused(Reason.UPSTREAM_TIMEOUT), ValueError("x"), asyncio.CancelledError()])
async def test_whatever_else_happens_uses_it_up(outcome: BaseException) -> None:
    consents = Consents()
    with pytest.raises(type(outcome)):
        await run(consents, outcome)
    assert consents.said[-1] == "spend"


async def test_noting_ends_though_the_caller_leaves_meanwhile() -> None:
    consents = Consents()
    consents.seconds = 0.05
    call = asyncio.create_task(run(consents, ANSWER))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert consents.said[-1] == "spend"


async def test_records_that_go_meanwhile_cost_the_answer_nothing() -> None:
    consents = Consents()
    consents.gone = True
    assert await run(consents, ANSWER) is ANSWER
    with pytest.raises(NotSent):
        await run(consents, NotSent(Reason.UPSTREAM_BUSY))


async def test_a_caller_who_leaves_before_sending_begins_leaves_the_consent_free() -> None:
    for begun, told in ((False, "return"), (True, "spend")):
        consents = Consents()
        spent = await spend(governed(), consents, NOW)
        going = sent(spent, consents, Events(), lambda: NOW, asyncio.sleep(30, ANSWER), lambda begun=begun: begun)
        call = asyncio.create_task(going)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert consents.said[-1] == told


async def test_a_caller_who_leaves_while_the_consent_is_put_to_use_leaves_it_free() -> None:
    consents = Consents()
    consents.taking_seconds = 0.05
    call = asyncio.create_task(spend(governed(), consents, NOW))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert consents.said == ["use consent_1 client_a", "return"]
