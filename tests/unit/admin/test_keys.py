"""`/keys`: what the signer says, and each of its refusals as a problem."""

import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.custody.wire import Done, SignerRefused
from ringfence.store.interface import Unavailable

httpx = pytest.importorskip("httpx")


class Signer:
    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.fails: Exception | None = None
        self.document: object = {"key": "key_1"}

    async def manage(self, action, key="", by="", why="", data=b""):
        if self.fails:
            raise self.fails
        self.asked.append((action, key, by, why))
        return Done(self.document)


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
async def keys(policy, ports, signer):
    app = create_app(policy, msgspec.structs.replace(ports, keys=signer))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://management") as client:
        yield client


async def test_looking(keys, signer) -> None:
    signer.document = [{"key": "key_1"}]
    assert (await keys.get("/keys", params={"purpose": "token"})).json() == {"items": [{"key": "key_1"}]}
    signer.document = {"key": "key_1"}
    assert (await keys.get("/keys/kid-1")).json() == {"key": "key_1"}
    assert (await keys.get("/key-wishes/wish_1")).json() == {"key": "key_1"}
    assert [asked[:2] for asked in signer.asked] == [("list", "token"), ("show", "kid-1"), ("wish", "wish_1")]


@pytest.mark.parametrize(
    ("action", "recorded"),
    [
        ("rotate", "key.rotated"),
        ("suspend", "key.suspended"),
        ("resume", "key.resumed"),
        ("destroy", "key.destroyed"),
        ("compromise", "key.compromise.wished"),
        ("import-offer", "key.import.offered"),
    ],
)
async def test_changes_are_on_record_with_who_asked_and_why(keys, signer, recorder, action, recorded) -> None:
    assert (await keys.post(f"/keys/token/{action}", json={"why": "because"})).status_code == 200
    assert signer.asked == [(action, "token", "uid:1000", "because")]
    assert recorder.names() == [recorded]


async def test_refusals_and_outages(keys, signer, recorder, problem) -> None:
    for fault, status, reason in (
        (SignerRefused("unknown", "there is no key"), 404, "not-found"),
        (SignerRefused("state", "it is destroyed"), 409, "conflict"),
        (SignerRefused("approval", "name two operators"), 409, "conflict"),
        (SignerRefused("malformed", "no"), 422, "admin-request"),
        (SignerRefused("failed", "no"), 503, "unavailable"),
        (Unavailable("gone"), 503, "unavailable"),
    ):
        signer.fails = fault
        answer = await keys.post("/keys/token/rotate", json={})
        problem(answer, answer.status_code, reason)
        if status != 422:
            assert answer.status_code == status
    assert recorder.names() == []


async def test_without_a_signer(api, problem) -> None:
    problem(await api.get("/keys"), 503, "unavailable")


async def test_what_a_key_touched_names_the_partners(keys, signer, ports) -> None:
    signer.document = {"key": {"purpose": "data"}, "tenants": ["client:acme"], "first_use": None, "last_use": None}
    assert (await keys.get("/keys/data/touched")).json()["partners"] == ["acme"]


async def test_a_shredding_is_on_record_by_its_wish_and_not_by_the_customer(keys, signer, recorder, problem) -> None:
    signer.document = {"wish": "wish_1"}
    assert (await keys.get("/key-tenants/user%3Aalice")).status_code == 200
    assert recorder.names() == []
    answer = await keys.post("/key-shreddings", json={"tenant": "user:alice", "why": "they left"})
    assert answer.json() == {"wish": "wish_1"}
    assert signer.asked == [("kept", "user:alice", "uid:1000", ""), ("shred", "user:alice", "uid:1000", "they left")]
    assert recorder.names() == ["key.shredding.wished"]
    assert [event.subject for event in recorder.events] == ["wish_1"]
    problem(await keys.post("/key-shreddings", json={"why": "no tenant"}), 400, "admin-request")
    problem(await keys.post("/key-shreddings", json={"tenant": "shared", "why": "a\nb"}), 400, "admin-request")


async def test_an_import_is_on_record_by_its_key(keys, signer, recorder, problem) -> None:
    assert (await keys.post("/key-imports/import_1", json={"wrapped": "AAEC", "why": "theirs"})).status_code == 200
    assert signer.asked == [("import", "import_1", "uid:1000", "theirs")]
    assert [(event.action, event.subject) for event in recorder.events] == [("key.imported", "key_1")]
    problem(await keys.post("/key-imports/import_1", json={"wrapped": "no base64!"}), 400, "admin-request")


async def test_an_import_that_takes_two_is_on_record_by_its_wish(keys, signer, recorder) -> None:
    signer.document = {"wish": "wish_1", "key": "key_1"}
    answer = await keys.post("/key-imports/import_1", json={"wrapped": "AAEC", "why": "theirs"})
    assert answer.json() == signer.document
    assert [(event.action, event.subject) for event in recorder.events] == [("key.import.wished", "wish_1")]
