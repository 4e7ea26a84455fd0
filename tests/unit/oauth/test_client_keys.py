import asyncio
import json

import pytest
from jwcrypto.jwk import JWK

from ringfence.clock import Instant
from ringfence.fetching import Fetched, Unfetchable
from ringfence.oauth.client_keys import REFETCH_SECONDS, STALE_SECONDS, ClientKeys, usable_keys
from ringfence.problem import Reason, Refused
from ringfence.proofs.client_assertion import KIND
from ringfence.store.model import Client

URL = "https://partner.example/jwks"
CLIENT = Client(client_id="c", name="C", jwks_uri=URL, created_at=Instant(0.0))
ONE, TWO, THREE = (JWK.generate(kty="EC", crv="P-256", kid=kid) for kid in ("one", "two", "three"))


def published(*keys: JWK) -> bytes:
    return json.dumps({"keys": [key.export_public(as_dict=True) for key in keys]}).encode()


def signed(kid: str | None) -> str:
    from jwcrypto.jws import JWS  # noqa: PLC0415 - used here only

    jws = JWS(b"{}")
    jws.add_signature(ONE, None, json.dumps({"alg": "ES256"} | ({"kid": kid} if kid else {})), None)
    return str(jws.serialize(compact=True))


class Site:
    """A partner's site, and the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.body: bytes | None = published(ONE)
        self.etag = ""
        self.asked: list[str] = []
        self.keys = ClientKeys(self, lambda: Instant(self.now))

    async def fetch(self, target, etag: str) -> Fetched:
        self.asked.append(etag)
        await asyncio.sleep(0)
        if self.body is None:
            raise Unfetchable("away")
        unchanged = bool(etag) and etag == self.etag
        return Fetched(b"" if unchanged else self.body, unchanged, self.etag, 300.0)

    async def kids(self, kid: str | None = "one", client: Client = CLIENT) -> list[str]:
        return sorted(await self.keys.of(client, signed(kid), KIND, Reason.CLIENT_AUTHENTICATION))

    async def refused(self, kid: str = "one") -> None:
        with pytest.raises(Refused) as why:
            await self.kids(kid)
        assert why.value.reason is Reason.CLIENT_AUTHENTICATION
        assert "away" not in why.value.detail


@pytest.fixture
def site() -> Site:
    return Site()


async def test_registered_keys_need_no_fetch(site: Site) -> None:
    client = Client(client_id="c", name="C", jwks=json.loads(published(TWO)), created_at=Instant(0.0))
    assert await site.kids("two", client) == ["two"]
    assert site.asked == []


async def test_keys_are_fetched_once_while_they_are_fresh(site: Site) -> None:
    for _ in range(5):
        assert await site.kids() == ["one"]
    assert await site.kids(None) == ["one"]
    assert len(site.asked) == 1
    site.now += 299
    await site.kids()
    assert len(site.asked) == 1
    site.now += 1
    await site.kids()
    assert len(site.asked) == 2


async def test_what_is_unchanged_stays(site: Site) -> None:
    site.etag = '"a"'
    await site.kids()
    site.now += 300
    assert await site.kids() == ["one"]
    assert site.asked == ["", '"a"']


async def test_a_new_key_works_at_once_and_unknown_ones_ask_seldom(site: Site) -> None:
    await site.kids()
    site.now += REFETCH_SECONDS
    site.body = published(ONE, TWO)
    assert await site.kids("two") == ["one", "two"]
    for i in range(50):
        await site.kids(f"unknown {i}")
    assert len(site.asked) == 2
    site.now += REFETCH_SECONDS
    await asyncio.gather(*(site.kids(f"unknown {i}") for i in range(50)))
    assert len(site.asked) == 3


async def test_a_site_that_is_away_is_asked_seldom_and_its_keys_go_on_for_a_while(site: Site) -> None:
    await site.kids()
    site.body = None
    site.now += 300
    for _ in range(10):
        assert await site.kids() == ["one"]
    assert len(site.asked) == 2
    site.now += STALE_SECONDS
    await site.refused()
    site.body = published(TWO)
    await site.refused()  # asked a moment ago
    site.now += REFETCH_SECONDS
    assert await site.kids("two") == ["two"]


async def test_a_site_that_was_never_there(site: Site) -> None:
    site.body = None
    answers = await asyncio.gather(*(site.kids() for _ in range(50)), return_exceptions=True)
    assert {type(a) for a in answers} == {Refused}
    assert len(site.asked) == 1


async def test_an_url_that_was_registered_before_the_rules_is_not_fetched(site: Site) -> None:
    with pytest.raises(Refused):
        await site.kids("one", Client(client_id="c", name="C", jwks_uri="https://10.0.0.1/", created_at=Instant(0.0)))
    assert site.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [null, 1, "a", []]}',
        b'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "one"}]}',
        b'{"keys": [], "keys": ' + json.dumps(json.loads(published(ONE))["keys"]).encode() + b"}",
        b'{"keys": ' + b"[" * 100 + b"]" * 100 + b"}",
        json.dumps({"keys": [ONE.export(as_dict=True)]}).encode(),
        json.dumps({"keys": [{**ONE.export_public(as_dict=True), "use": "enc", "alg": "RSA1_5"}]}).encode(),
        json.dumps({"keys": [ONE.export_public(as_dict=True)] * 2}).encode(),
        json.dumps({"keys": [{**ONE.export_public(as_dict=True), "kid": str(i)} for i in range(51)]}).encode(),
    ],
)
def test_sets_without_a_key_of_use(body: bytes) -> None:
    with pytest.raises(Unfetchable):
        usable_keys(Fetched(body, unchanged=False, etag="", fresh_for=60.0))


def test_keys_of_no_use_to_us_do_not_spoil_the_others() -> None:
    others = [{"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "enc"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 7]
    keys = json.loads(published(ONE, TWO, TWO))["keys"]
    body = json.dumps({"keys": [*others, *keys]}).encode()
    keys = usable_keys(Fetched(body, unchanged=False, etag="", fresh_for=60.0))
    assert (list(keys.signing), keys.sealing) == (["one"], ())


async def test_keys_for_encryption_come_with_the_others_and_verify_nothing(site: Site) -> None:
    sealing = [{**key.export_public(as_dict=True), "use": "enc"} for key in (TWO, THREE)]
    site.body = json.dumps({"keys": [*sealing, ONE.export_public(as_dict=True), sealing[0] | {"kid": "x"}]}).encode()
    assert await site.kids("one") == ["one"]
    found = await site.keys.all_at(URL)
    assert [key.kid for key in found.sealing] == ["two", "three", "x"]
    site.body = json.dumps({"keys": sealing[1:]}).encode()
    site.now += 301
    found = await site.keys.all_at(URL)
    assert (dict(found.signing), [key.kid for key in found.sealing]) == ({}, ["three"])
    with pytest.raises(Refused):  # a set of such keys alone authenticates nobody
        await site.kids("three")


async def test_registered_keys_are_read_once_and_anew_when_they_change(site: Site) -> None:
    def client(key: JWK) -> Client:
        return Client(client_id="r", name="R", jwks=json.loads(published(key)), created_at=Instant(0.0))

    async def keys(of: Client) -> object:
        return await site.keys.of(of, signed("one"), KIND, Reason.CLIENT_AUTHENTICATION)

    first = await keys(client(ONE))
    assert await keys(client(ONE)) is first
    assert await site.kids("two", client(TWO)) == ["two"]
    assert await site.kids("one", client(ONE)) == ["one"]


async def test_keys_of_many_clients_do_not_fill_the_memory(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.oauth.client_keys.MOST_REMEMBERED", 3)
    for number in range(10):
        one = Client(client_id=f"c{number}", name="C", jwks=json.loads(published(ONE)), created_at=Instant(0.0))
        assert await site.kids("one", one) == ["one"]
    assert len(site.keys._registered) <= 3
