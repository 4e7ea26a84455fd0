"""The conformance tests race on both databases; here is what each statement leaves alone."""

from pathlib import Path

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.interface import AlreadyThere
from ringfence.store.model import Client
from ringfence.store.records import KEPT_AFTER_END, open_records
from ringfence.store.registrations import Invitation, Logo, Permission, Registration, UsedStatement

NOW = Instant(1000.0)


def client(name: str, **more) -> Client:
    return Client(client_id=name, name=name, name_key=name, created_at=NOW, **more)


def registration(name: str, token: str = "t") -> Registration:
    return Registration(client_id=name, token_hash=token, statement_claims={"a": [1]}, created_at=NOW, changed_at=NOW)


@pytest.fixture
async def records(tmp_path: Path):
    opened = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")
    yield opened
    await opened.close()


async def test_all_or_nothing_is_kept(records) -> None:
    statement = UsedStatement(statement_hash="s", client_id="a", expires_at=Instant(NOW + 10))
    invitation = Invitation(token_hash="i", name="x", uses_left=2, created_at=NOW, expires_at=Instant(NOW + 10))
    await records.add_invitation(invitation)
    permission = Permission("i", statement)
    logo = Logo(client_id="a", media_type="image/png", image="AA==")
    assert await records.register_client(client("a"), registration("a"), permission, logo, NOW)
    assert (await records.invitation("i", NOW)).uses_left == 1
    assert await records.logo("a") == logo
    assert await records.registration("a") == registration("a")
    for changed, what in (
        (client("b"), "statement"),
        (msgspec.structs.replace(client("b"), name_key="a"), "name"),
    ):
        other = Permission("i", statement if what == "statement" else None)
        with pytest.raises(AlreadyThere, match=what):
            await records.register_client(changed, registration("b"), other, None, NOW)
    assert (await records.invitation("i", NOW)).uses_left == 1, "what failed has used nothing up"
    assert await records.client("b") is None
    assert await records.invitation("i", Instant(NOW + 10)) is None
    late = await records.register_client(client("c"), registration("c"), Permission("i"), None, Instant(NOW + 10))
    assert (late, await records.client("c")) == (False, None)


async def test_a_replacement_leaves_the_operators_part_alone(records) -> None:
    first = client("a", status="active", access_token_seconds=7, scopes=("x",))
    await records.add_client(first)
    await records.add_client(client("b"))
    await records.renew_registration(registration("a"))
    await records.renew_registration(registration("b"))
    asked = client("a", status="revoked", access_token_seconds=99, scopes=("y",))
    renewed = msgspec.structs.replace(registration("a", "new"), created_at=Instant(5.0), changed_at=Instant(2000.0))
    assert await records.replace_registration(asked, renewed, "t", None)
    assert await records.client("a") == msgspec.structs.replace(first, scopes=("y",))
    assert (await records.registration("a")).created_at == NOW
    assert (await records.client("b"), await records.registration("b")) == (client("b"), registration("b"))
    assert not await records.replace_registration(asked, renewed, "t", None)
    with pytest.raises(AlreadyThere, match="name"):
        await records.replace_registration(msgspec.structs.replace(asked, name_key="b"), renewed, "new", None)
    assert (await records.registration("a")).token_hash == "new"
    assert not await records.end_registration("a", "t")
    assert await records.end_registration("a", "new")
    assert not await records.end_registration("a", "new")
    ended = await records.client("a")
    assert (ended.status, ended.name_key) == ("revoked", "")
    await records.forget_registration("a")
    assert [one.client_id for one in await records.list_registrations()] == ["b"]


async def test_keys_and_certificates_change_alone(records) -> None:
    await records.add_client(client("a", scopes=("x",)))
    changed = client("a", jwks={"keys": [{"kid": "k"}]}, retired_keys=({"jwk": {"kid": "o"}, "until": 5.5},), scopes=())
    assert await records.change_client_keys(changed)
    assert not await records.change_client_keys(client("nobody"))
    await records.note_certificate("a", Instant(9.0))
    expected = msgspec.structs.replace(changed, scopes=("x",), certificate_expires_at=Instant(9.0))
    assert await records.client("a") == expected


async def test_what_is_over_is_swept(records) -> None:
    statement = UsedStatement(statement_hash="s", client_id="a", expires_at=Instant(NOW + 10))
    invitation = Invitation(token_hash="i", name="x", uses_left=0, created_at=NOW, expires_at=Instant(NOW + 10))
    await records.add_invitation(invitation)
    await records.register_client(client("a"), registration("a"), Permission("", statement), None, NOW)
    assert await records.sweep(Instant(NOW + 9 + KEPT_AFTER_END)) == 0
    assert await records.list_invitations() == [invitation]
    assert await records.sweep(Instant(NOW + 10 + KEPT_AFTER_END)) == 2
    assert await records.list_invitations() == []


async def test_a_removed_client_takes_its_registration_with_it(records) -> None:
    logo = Logo(client_id="a", media_type="image/png", image="AA==")
    await records.register_client(client("a"), registration("a"), Permission(), logo, NOW)
    assert await records.remove_client("a")
    assert (await records.registration("a"), await records.logo("a")) == (None, None)
