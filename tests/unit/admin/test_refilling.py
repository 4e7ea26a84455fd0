import msgspec

from ringfence.admin.refilling import refill
from ringfence.clock import Instant
from ringfence.store.blocks import network_block
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission
from ringfence.store.measures import step_up_mark


async def test_a_lost_fast_state_is_filled_again(api, ports, tmp_path) -> None:
    common = {"of": "network", "why": "w", "seconds": 600}
    await api.post("/blocks", json={"kind": "network", "value": "192.0.2.1", "seconds": 60, "why": "w"})
    await api.post("/responses", json=common | {"kind": "step-up", "value": "192.0.2.2"})
    gone = (await api.post("/responses", json=common | {"kind": "step-up", "value": "192.0.2.3"})).json()
    await api.post(f"/responses/{gone['response_id']}/undo")
    await api.post("/responses", json=common | {"kind": "step-up", "value": "192.0.2.4", "hold": True})
    fresh = LmdbState(tmp_path / "fresh")
    assert await refill(ports.watch, fresh, ports.clock()) == 2
    assert await refill(ports.watch, fresh, ports.clock()) == 2, "safe to repeat"
    now = Instant(ports.clock() + 1)

    async def ask(**asked: tuple[bytes, ...]) -> list[int]:
        admitted = await fresh.admit(msgspec.structs.replace(Admission(), **asked), now)
        return [admitted.blocked, admitted.step_up]

    assert await ask(blocks=(network_block("192.0.2.1"),)) == [0, -1]
    marks = [step_up_mark("network", f"192.0.2.{n}") for n in (2, 3, 4)]
    assert [await ask(step_up=(mark,)) for mark in marks] == [[-1, 0], [-1, -1], [-1, -1]]
    assert await refill(ports.watch, fresh, Instant(ports.clock() + 601)) == 0
    fresh.close()
