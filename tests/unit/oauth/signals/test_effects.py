import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.oauth.signals.effects import carry_out, demand_again
from ringfence.store.blocks import session_block
from ringfence.store.interface import Admission, Unavailable
from ringfence.store.received_model import ReceivedSignal
from tests.signal_transmitter import RISC


def signal(bank, *effects: str, **changes) -> ReceivedSignal:
    now = bank.clock.now
    fields = {"received_id": "r", "transmitter": "idp", "jti": "j", "kind": f"{RISC}credential-compromise"}
    fields |= {"outcome": "acts", "subject": "user_mia", "effects": effects, "acts": len(effects), "due_at": now}
    fields |= {"received_at": now, "step_up_until": Instant(now + 900), "expires_at": Instant(now + 9_000)}
    return ReceivedSignal(**(fields | changes))


async def do(bank, *effects: str, **changes) -> None:
    await carry_out(signal(bank, *effects, **changes), bank.ports, bank.clock.now)


async def test_all_logins_or_the_one_that_is_meant(bank, idp):
    first, second = await idp.logged_in(), await idp.logged_in()
    await do(bank, "end-logins", session=first)
    assert await idp.logins() == [second]
    blocked = await bank.ports.fast.admit(Admission(blocks=(session_block(first),)), bank.clock.now)
    assert blocked.blocked == 0  # its tokens are refused on the next call
    await do(bank, "end-logins", client="client_one")
    assert await idp.logins() == [second]
    await do(bank, "end-logins")
    assert await idp.logins() == []


async def test_all_grants_or_those_of_the_one_client_that_is_meant(bank, idp):
    for number, client in ((1, "client_one"), (2, "client_one"), (3, "client_two")):
        await idp.granted(f"g{number}", client)
    await do(bank, "revoke-grants", session="sid")
    assert await idp.grants() == ["g1", "g2", "g3"]
    await do(bank, "revoke-grants", client="client_one")
    assert await idp.grants() == ["g3"]
    await do(bank, "revoke-grants")
    assert await idp.grants() == []
    assert {event.why for event in bank.events.of("GrantRevoked")} == {"credential-compromise from idp"}


async def test_what_is_done_late_leaves_what_came_after(bank, idp):
    late = signal(bank, "end-logins", "revoke-grants", "step-up")
    bank.clock.forward(60)
    login, grant = await idp.logged_in(), await idp.granted("g_new")
    await carry_out(late, bank.ports, bank.clock.now)
    assert (await idp.logins(), await idp.grants()) == ([login], [grant])
    proven = Admission(step_up=(b"step-up:user:user_mia",), proved_at=bank.clock.now)
    assert (await bank.ports.fast.admit(proven, bank.clock.now)).step_up == -1


async def test_a_step_up_ends_and_is_put_back_when_the_fast_state_was_lost(bank, idp):
    await bank.ports.records.take_signal(signal(bank, "step-up"), 9, Instant(0.0))
    await demand_again(bank.ports, bank.clock.now)
    assert await idp.stepped_up()
    bank.clock.forward(901)
    assert not await idp.stepped_up()
    await demand_again(bank.ports, bank.clock.now)
    assert not await idp.stepped_up()


@pytest.mark.parametrize("effects", [(), ("risk",), ("alert", "risk")])
async def test_what_is_for_detection_is_an_event_and_touches_nothing(bank, idp, effects):
    await idp.logged_in()
    await idp.granted("g1")
    await do(bank, *effects)
    assert (len(await idp.logins()), await idp.grants(), await idp.stepped_up()) == (1, ["g1"], False)
    (event,) = bank.events.of("SignalReceived")
    assert event.effects == effects


async def test_it_is_settled_once_it_is_done_and_on_record(bank, idp):
    kept = signal(bank, "end-logins")
    await bank.ports.records.take_signal(kept, 9, Instant(0.0))
    bank.events.full = True
    with pytest.raises(Unavailable):
        await carry_out(kept, bank.ports, bank.clock.now)
    bank.events.full = False
    later = Instant(bank.clock.now + 1)
    (again,) = await bank.ports.records.claim_received(later, Instant(later + 30), 9)
    assert again == msgspec.structs.replace(kept, due_at=Instant(later + 30))
    await carry_out(again, bank.ports, later)
    assert await bank.ports.records.claim_received(Instant(later + 99), Instant(later + 99), 9) == []
