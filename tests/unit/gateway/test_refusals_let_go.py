"""A refused call leaves nothing behind: else bodies that are made to be refused would fill the memory."""

import gc
from pathlib import Path

import pytest
from calls import json_body
from world import PAYMENT, World

from ringfence.message import Request
from ringfence.problem import Refused


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"a', 400), (b'{"x":1}', 400), (b'{"a":1,"a":2}', 400), (b"[" * 50 + b"]" * 50, 400), (b"x" * 100_000, 413)],
)
async def test_what_a_refused_call_held_goes_with_it(tmp_path: Path, body: bytes, status: int) -> None:
    world = World(tmp_path, method="POST", bodies=json_body(PAYMENT))
    request = world.request("POST", headers=(("content-type", "application/json"),))
    correlation = request.correlation
    gc.collect()
    gc.disable()
    try:
        assert (await world.call(request, body)).status == status
        del request
        left = [one for one in gc.get_objects() if isinstance(one, Refused | Request)]
        assert [one for one in left if isinstance(one, Refused) or one.correlation == correlation] == []
    finally:
        gc.enable()
