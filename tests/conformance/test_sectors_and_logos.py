"""What is fetched from where a client says: lists of redirect URIs, pictures, keys.  OpenID Connect Core §8.1; RFC 7591 §5."""

import base64
import json
import struct

import msgspec
import pytest
from oauth_harness import CALLBACK, Bank, Partner

from ringfence.app.fetching import HttpsFetcher
from ringfence.oauth.client_keys import ClientKeys
from tests.conformance.registration_partner import (
    error,
    manage,
    metadata,
    newcomer,
    register,
    registered,
    registering,
    replacement,
    statement,
)


@pytest.fixture
async def open_bank(bank: Bank) -> Bank:
    return registering(bank, "statement")


SECTOR = "https://sector.kestrel.example/uris.json"
SECOND = "https://other.kestrel.example/cb"


async def subject(bank: Bank, partner: Partner) -> str:
    tokens = await partner.tokens(scope="openid accounts")
    claims = bank.claims(tokens["id_token"])
    access = bank.claims(tokens["access_token"])
    told = (await partner.userinfo(tokens["access_token"])).json()
    introspected = (await partner.post("/oauth/introspect", {"token": tokens["access_token"]})).json()
    refresh = (await partner.post("/oauth/introspect", {"token": tokens["refresh_token"]})).json()
    found = {body["sub"] for body in (claims, access, told, introspected, refresh)}
    assert len(found) == 1, found
    grant = await bank.ports.records.grant(tokens["grant_id"])
    assert grant.user_id == "user_mia"
    return found.pop()


async def test_each_sector_knows_a_customer_by_another_name(open_bank: Bank) -> None:
    open_bank.web.pages[SECTOR] = [CALLBACK, SECOND]
    subjects = {}
    for name, changes in {
        "public": {},
        "by redirect URI": {"subject_type": "pairwise"},
        "the same host": {"subject_type": "pairwise"},
        "by list": {"subject_type": "pairwise", "sector_identifier_uri": SECTOR},
        "the same list": {
            "subject_type": "pairwise",
            "sector_identifier_uri": SECTOR,
            "redirect_uris": [CALLBACK, SECOND],
        },
    }.items():
        partner = newcomer(open_bank)
        said = dict(changes)
        signed = statement(open_bank, redirect_uris=said.pop("redirect_uris", [CALLBACK]))
        await registered(open_bank, partner, software_statement=signed, **said)
        subjects[name] = await subject(open_bank, partner)
    assert subjects["public"] == "user_mia"
    assert subjects["by redirect URI"] == subjects["the same host"]
    assert subjects["by list"] == subjects["the same list"]
    assert len(set(subjects.values())) == 3
    assert all("mia" not in s for n, s in subjects.items() if n != "public")
    assert all(len(s) <= 255 for s in subjects.values())


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (None, "could not be fetched"),
        ([SECOND], "without the redirect URI"),
        ({"redirect_uris": [CALLBACK]}, "not lead to a JSON array"),
        ([1], "not lead to a JSON array"),
        (b"<html>", "not lead to JSON"),
    ],
)
async def test_a_sector_that_does_not_vouch(open_bank: Bank, page: object, words: str) -> None:
    if page is not None:
        open_bank.web.pages[SECTOR] = page
    document = metadata(newcomer(open_bank), subject_type="pairwise", sector_identifier_uri=SECTOR)
    answer = await register(open_bank, document | {"software_statement": statement(open_bank)})
    error(answer, 400, "invalid_client_metadata", words)


async def test_several_hosts_need_a_sector_and_a_sector_stays(open_bank: Bank) -> None:
    signed = statement(open_bank, redirect_uris=[CALLBACK, SECOND])
    document = metadata(newcomer(open_bank), subject_type="pairwise", software_statement=signed)
    error(await register(open_bank, document), 400, "invalid_client_metadata", "several hosts")
    body = await registered(open_bank, newcomer(open_bank), subject_type="pairwise")
    answer = await manage(open_bank, "PUT", body, replacement(body, subject_type="public"))
    error(answer, 400, "invalid_client_metadata", "subject_type and sector stay")


async def test_nothing_of_a_partner_is_fetched_before_the_rest_is_right(open_bank: Bank) -> None:
    open_bank.web.asked.clear()
    document = metadata(newcomer(open_bank), scope="root", subject_type="pairwise", sector_identifier_uri=SECTOR)
    document |= {"software_statement": statement(open_bank), "logo_uri": LOGO}
    error(await register(open_bank, document), 400, "invalid_client_metadata", "scope")
    assert open_bank.web.asked == []


LOGO = "https://kestrel.example/logo.png"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 1, 1) + b"\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


async def test_a_logo_comes_from_our_own_origin_and_nothing_else_does(open_bank: Bank) -> None:
    open_bank.web.pages[LOGO] = PNG
    partner = newcomer(open_bank)
    body = await registered(open_bank, partner, logo_uri=LOGO)
    page = await open_bank.browser().consent_page(partner.client_id, await partner.pushed_uri())
    path = f"/oauth/logo/{partner.client_id}"
    assert f'<img id="logo" class="logo" src="{path}"' in page.text
    csp = page.answer.headers["content-security-policy"]
    assert "default-src 'none'" in csp
    assert "img-src 'self';" in csp
    assert "kestrel.example/logo" not in page.text
    shown = await open_bank.http.get(path)
    assert (shown.status_code, shown.content) == (200, PNG)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    # without one, the page allows no picture at all
    answer = await manage(open_bank, "PUT", body, replacement(body, logo_uri=None))
    assert answer.status_code == 200
    assert (await open_bank.http.get(path)).status_code == 404
    page = await open_bank.browser("198.51.100.8").consent_page(partner.client_id, await partner.pushed_uri())
    assert "<img" not in page.text
    assert "img-src" not in page.answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "picture",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\x01\x00\x01\x00" + b"\x00" * 20,
        b"<html>",
        b"",
        PNG[:18],
        PNG.replace(struct.pack(">II", 1, 1), struct.pack(">II", 50_000, 50_000)),
        json.dumps({"logo": base64.b64encode(PNG).decode()}).encode(),
    ],
    ids=["svg", "gif", "html", "empty", "short", "bomb", "json"],
)
async def test_what_is_no_logo(open_bank: Bank, picture: bytes) -> None:
    open_bank.web.pages[LOGO] = picture
    document = metadata(newcomer(open_bank), logo_uri=LOGO, software_statement=statement(open_bank))
    error(await register(open_bank, document), 400, "invalid_client_metadata", "logo_uri cannot be taken")


async def test_a_logo_of_nobody(open_bank: Bank) -> None:
    assert (await open_bank.http.get("/oauth/logo/client_one")).status_code == 404
    assert (await open_bank.http.get("/oauth/logo/nobody")).status_code == 404


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.0.1",
    "::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
]


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.parametrize("member", ["logo_uri", "sector_identifier_uri", "jwks_uri", "statement keys"])
async def test_no_url_of_a_partner_leads_inside(bank: Bank, member: str, address: str) -> None:
    connected: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    async def connect(to: str, *_: object) -> None:
        connected.append(to)
        raise OSError("refused")

    fetcher = HttpsFetcher(None, resolve, connect)  # type: ignore[arg-type]
    ports = msgspec.structs.replace(bank.ports, fetcher=fetcher, client_keys=ClientKeys(fetcher, bank.clock))
    guarded = Bank(bank.policy, ports, bank.clock, bank.events)
    open_bank = registering(guarded, "statement", jwks_uri=member == "statement keys")
    partner = newcomer(open_bank)
    url = "https://innocent.example/x"
    changes = {member: url} if member != "statement keys" else {}
    if member == "sector_identifier_uri":
        changes["subject_type"] = "pairwise"
    if member == "jwks_uri":
        changes["jwks"] = None
    document = metadata(partner, **changes, software_statement=statement(open_bank))
    answer = await register(open_bank, {k: v for k, v in document.items() if v is not None})
    if member == "jwks_uri":  # fetched when it is needed
        assert answer.status_code == 201, answer.text
        partner.client_id = answer.json()["client_id"]
        answer = await partner.push()
        assert answer.status_code == 401
    else:
        assert answer.status_code == 400, answer.text
    assert address not in answer.text
    assert connected == []
    for client in (*guarded.clients, *open_bank.clients):
        await client.aclose()
