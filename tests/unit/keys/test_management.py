import pytest

from ringfence.custody.wire import Context, Done, Generate, Manage, Refusal, SignToken
from ringfence.events.custody import KeyChanged
from ringfence.keys.compromise import Compromise
from ringfence.keys.management import Management
from ringfence.keys.schedule import tend


@pytest.fixture
def ask(keeper):
    management = Management(keeper, Compromise(keeper, frozenset({1, 2})))

    async def asking(action, key="", by="uid:7", why=""):
        return await management.answer("uid:0", Manage(action, key, by, why))

    return asking


async def test_list_and_show(keeper, ask):
    await keeper.answer("oauth", SignToken("token", "t", b"{}"))
    await keeper.active("data")
    listed = (await ask("list")).document
    assert [row["purpose"] for row in listed] == ["data", "token"]
    assert [row["purpose"] for row in (await ask("list", "token")).document] == ["token"]
    assert not any("handle" in row for row in listed)
    keeper.uses.flush()
    shown = (await ask("show", listed[1]["kid"])).document
    assert (shown["key"], shown["uses_by"][0]["count"]) == (listed[1]["key"], 1)
    assert (await ask("show", "token")).document["key"] == listed[1]["key"]


async def test_rotate_says_when_the_new_key_signs_and_asking_again_changes_nothing(keeper, ask, clock):
    old = await keeper.active("token")
    first = (await ask("rotate", "token")).document
    assert (first["old"], first["finished"], first["activate_at"]) == (old.key_id, False, clock() + 600)
    again = (await ask("rotate", old.key_id)).document
    assert again["new"]["key"] == first["new"]["key"]
    clock.now += 600
    await tend(keeper, clock())
    assert (await keeper.active("token")).key_id == first["new"]["key"]


async def test_the_audit_logs_key_is_not_rotated(keeper, ask):
    key = await keeper.active("checkpoint")
    for named in ("checkpoint", key.key_id):
        refused = await ask("rotate", named)
        assert refused.kind == "state"
        assert "compromised" in refused.message
    assert (await keeper.active("checkpoint")).key_id == key.key_id


async def test_suspend_and_resume(keeper, ask, events):
    await keeper.active("token")
    assert (await ask("suspend", "token", why="odd use")).document["state"] == "suspended"
    assert (await keeper.answer("oauth", SignToken("token", "t", b"{}"))).kind == "state"
    assert (await ask("suspend", "token")).kind == "state"
    assert (await ask("resume", "token")).document["state"] == "active"
    assert (await ask("resume", "token")).kind == "state"
    assert not isinstance(await keeper.answer("oauth", SignToken("token", "t", b"{}")), Refusal)
    told = [(event.by, event.why) for event in events if isinstance(event, KeyChanged) and event.state == "suspended"]
    assert told == [("uid:7", "odd use")]


async def test_destroy_only_what_protects_nothing(keeper, ask):
    await keeper.answer("gateway", Generate("data", Context()))
    old = await keeper.active("data")
    assert (await ask("destroy", "data")).kind == "state"
    keeper.ledger._database.execute("update keys set state = 'deactivated' where key_id = ?", (old.key_id,))
    refused = await ask("destroy", old.key_id)
    assert "1 data keys" in refused.message
    keeper.ledger._database.execute("update keys set state = 'active' where key_id = ?", (old.key_id,))
    await ask("rotate", "data")
    assert (await ask("destroy", old.key_id)).document["state"] == "destroyed"
    assert keeper.ledger.key(old.key_id).handle == b""
    assert (await ask("destroy", old.key_id)).kind == "state"


async def test_what_a_key_touched(keeper, ask):
    for tenant, field in (("a", "/x"), ("a", "/x"), ("b", "/y")):
        await keeper.answer("gateway", Generate("data", Context(tenant, field)))
    touched = (await ask("touched", "data")).document
    assert (touched["data_keys"], touched["tenants"], touched["fields"]) == (3, ["a", "b"], ["/x", "/y"])
    assert touched["first_use"] == touched["last_use"]
    await keeper.answer("oauth", SignToken("token", "t", b"{}"))
    assert (await ask("touched", "token")).document["signatures"] == 1


async def test_what_is_not_there(ask):
    assert (await ask("show", "key_none")).kind == "unknown"
    assert (await ask("explode", "token")).kind == "unknown"


async def test_what_fails_is_said_without_a_traceback(keeper, ask, monkeypatch, capsys):
    def fail(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(keeper.ledger, "keys", fail)
    assert await ask("list") == Refusal("failed", "the signer failed")
    assert "secret" not in capsys.readouterr().out
    assert isinstance(Done(), Done)
