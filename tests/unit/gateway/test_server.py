import asyncio
import socket
import stat

import pytest

from ringfence.gateway.server import prepare, serve
from ringfence.message import Response


class Nobody:
    async def __call__(self, request, read_body):
        return Response(200, ())

    def turned_away(self, request, refused):
        return Response(refused.status, ())


def test_the_directory_is_made_for_us_alone(tmp_path):
    prepare(tmp_path / "run" / "gw0.sock")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_a_socket_left_behind_is_removed_and_a_file_is_not(tmp_path):
    path = tmp_path / "gw0.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    prepare(path)
    assert not path.exists()
    path.write_text("somebody's")
    with pytest.raises(FileExistsError):
        prepare(path)
    assert path.read_text() == "somebody's"


async def test_it_listens_until_it_is_stopped_and_leaves_nothing(tmp_path):
    path, stop = tmp_path / "gw0.sock", asyncio.Event()
    serving = asyncio.create_task(serve(Nobody(), path, stop, 1.0))
    while not path.exists():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stop.set()
    await asyncio.wait_for(serving, 2)
    assert not path.exists()
