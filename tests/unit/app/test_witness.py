import hashlib
import sys
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))

from logs import NOW, ORIGIN, Keys, Running, call

from ringfence.app.witness import create_witness_app, witness_key
from ringfence.audit.note import COSIGNATURE, Note
from ringfence.audit.witness import Witness
from ringfence.audit.witness_protocol import LONGEST, write_submission


@pytest.fixture
async def scene(tmp_path):
    running = Running(tmp_path / "log")
    running.grow([call(n) for n in range(10)])
    keys = Keys("witness.example/w1", COSIGNATURE)
    witness = Witness(tmp_path / "w.db", {ORIGIN: running.signer.keys}, keys.key, keys.private.sign)
    app = create_witness_app(witness, lambda: NOW)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://witness") as http:
        yield running, keys, http
    witness.close()
    running.close()


async def test_a_checkpoint_is_cosigned_and_shown(scene):
    running, keys, http = scene
    path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert (await http.get(path)).status_code == 404
    answer = await http.post("/add-checkpoint", content=write_submission(0, [], running.note()))
    assert answer.status_code == 200
    assert answer.text.startswith("— witness.example/w1 ")
    assert Note.parse((await http.get(path)).content).vouched(keys.key) == int(NOW)
    assert (await http.get("/" + "0" * 64 + "/checkpoint")).status_code == 404


async def test_what_is_known_is_told_in_its_own_type(scene):
    running, _, http = scene
    await http.post("/add-checkpoint", content=write_submission(0, [], running.note()))
    answer = await http.post("/add-checkpoint", content=write_submission(3, [], running.note()))
    assert (answer.status_code, answer.text) == (409, "10\n")
    assert answer.headers["content-type"].startswith("text/x.tlog.size")


@pytest.mark.parametrize("body", [b"", b"x" * (LONGEST + 1), b"old 0\n\nnonsense"])
async def test_nonsense_is_a_bad_request(scene, body):
    assert (await scene[2].post("/add-checkpoint", content=body)).status_code == 400
    assert (await scene[2].get("/add-checkpoint")).status_code == 405


def test_a_witness_keeps_its_key(tmp_path):
    first = witness_key(tmp_path / "state", "w1").keys
    assert witness_key(tmp_path / "state", "w1").keys == first
    assert first[0].kind == COSIGNATURE
