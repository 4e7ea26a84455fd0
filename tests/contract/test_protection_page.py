"""The examples of docs/protection.md: its policy is loaded, and each row does what the page says."""

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.policy.load import LoadedPolicy, load
from ringfence.protect.envelope import Unopenable
from tests.field_keys import Fields, field, open_fields, whom

PAGE = (Path(__file__).parents[2] / "docs" / "protection.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
"""The second and third are run by `test_sealing_page.py`."""
MODES = [
    (m["mode"], dict(re.findall(r"`(\w+): (\w+)`", m["more"])), m["value"], m["becomes"])
    for m in re.finditer(r"^\| `(?P<mode>[a-z_]+)`(?P<more>[^|]*) \| [^|]+ \| `(?P<value>[^`]+)` \| `(?P<becomes>[^`]+)` \|$", PAGE, re.MULTILINE)
]  # fmt: skip
MOVED = re.findall(r"^\| ([a-z][^|]+) \| (yes|no) \|$", PAGE, re.MULTILINE)

_ACCOUNT = {"type": "object", "properties": {"iban": {"type": "string"}}}
_CARD = {"type": "object", "properties": {"pan": {"type": "string"}}}
_PAYMENT = {"type": "object", "properties": {"debtor": _ACCOUNT, "creditor": _ACCOUNT, "card": _CARD}}
_CARDS = {"type": "object", "properties": {"cards": {"type": "array", "items": _CARD}}}


def _json(schema: Any) -> Any:
    return {"description": "ok", "content": {"application/json": {"schema": schema}}}


DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Bank", "version": "1"},
    "security": [{"o": []}],
    "paths": {
        "/payments": {
            "post": {
                "operationId": "CreatePayment",
                "requestBody": _json(_PAYMENT),
                "responses": {"201": _json(_PAYMENT)},
            }
        },
        "/payments/1": {"get": {"operationId": "GetPayment", "responses": {"200": _json(_PAYMENT)}}},
        "/cards": {"get": {"operationId": "ListCards", "responses": {"200": _json(_CARDS)}}},
    },
}


@pytest.fixture
def policy(tmp_path: Path) -> LoadedPolicy:
    indented = "".join("        " + line + "\n" for line in BLOCKS[0].splitlines())
    (tmp_path / "bank.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "a.pem").write_text("certificate")
    (tmp_path / "a.key").write_text("key")
    (tmp_path / "a.key").chmod(0o600)
    (tmp_path / "ringfence.yaml").write_text(f"""\
version: 1
issuer: https://localhost:8443
listeners: {{public: {{port: 8443, tls: {{certificate: a.pem, key: a.key}}}}}}
oauth: {{scopes: {{payments: Pay, cards: See card numbers}}}}
{BLOCKS[3]}apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.json
        upstream: {{url: "http://127.0.0.1:9000"}}
{indented}on_outage: {{fast_state: refuse, records: refuse, events: refuse, upstream: refuse}}
""")
    return load(tmp_path / "ringfence.yaml")


@pytest.fixture
async def fields(tmp_path: Path) -> AsyncIterator[Fields]:
    opened = await open_fields(tmp_path)
    yield opened
    await opened.records.close()


async def test_the_pages_policy_carries_a_payment_there_and_back(policy: LoadedPolicy, fields: Fields) -> None:
    made, read, cards = policy.table.operations
    iban, pan = "GB29NWBK60161331926819", "4111111111111111"
    document = {"debtor": {"iban": iban}, "creditor": {"iban": iban}, "card": {"pan": pan}}
    await fields.protector.apply(document, made.protected, whom(), to="upstream")
    assert iban not in str(document)
    assert pan not in str(document)
    assert set(document["debtor"]) == {"iban", "iban_index"}
    token = document["card"]["pan"]
    await fields.protector.apply(document, read.protected, whom(), to="caller")
    assert (document["debtor"]["iban"], document["creditor"]["iban"], document["card"]["pan"]) == (iban, iban, token)
    await fields.protector.apply(document, read.protected[2:], whom(scopes=frozenset({"cards"})), to="caller")
    assert document["card"]["pan"] == pan
    listed = {"cards": [{"pan": pan}]}
    await fields.protector.apply(listed, cards.protected, whom(), to="caller")
    assert listed == {"cards": [{"pan": "41111111****1111"}]}
    assert policy.policy.protection.key_cache_seconds == 300


def test_the_page_has_every_mode() -> None:
    shown = {mode for mode, *_ in MODES}
    assert shown == {"encrypt", "deterministic", "tokenise", "mask", "blind_index"}
    assert len(BLOCKS) == 4


@pytest.mark.parametrize(("mode", "more", "value", "becomes"), MODES)
async def test_each_mode_does_what_the_page_says(
    fields: Fields, mode: str, more: dict[str, str], value: str, becomes: str
) -> None:
    options = {name: int(text) if text.isdecimal() else text for name, text in more.items()}
    document = {"a": value}
    await fields.protector.apply(document, (field("/a", mode, **options),), whom(), to="upstream")
    pattern = becomes if "[" in becomes else re.escape(becomes)
    seen = document["a_index" if mode == "blind_index" else "a"]
    assert re.fullmatch(pattern.replace("…", ".+"), seen), seen


def _changed(text: str, at: int, octet: int) -> str:
    body = text.removeprefix("rf1.")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[at] ^= octet
    return "rf1." + base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


def _of_another_version(text: str) -> str:
    kek = base64.urlsafe_b64decode(text[4:8])[2]
    return _changed(text, 3 + kek + 1 + len("dek_") + 26 + 3, 2)


NAMES: dict[str, dict[str, Any]] = {
    "another field": {"field": "/b"},
    "another resource": {"resource": "bank/other"},
    "another revision": {"revision": 2},
}
CALLERS = {
    "another client": whom(client="client_b"),
    "another customer, with `tenant: user`": whom(user="user_b"),
}
CHANGES: dict[str, Callable[[str], str]] = {
    "another version of the key": _of_another_version,
    "one bit flipped": lambda text: _changed(text, -1, 1),
    "tag cut": lambda text: text[:-4],
}


@pytest.mark.parametrize(("what", "opens"), MOVED)
@pytest.mark.parametrize("mode", ["encrypt", "deterministic"])
async def test_a_value_opens_where_the_page_says(fields: Fields, mode: str, what: str, opens: str) -> None:
    tenant = "user" if "customer" in what else "client"
    document = {"a": "value"}
    await fields.protector.apply(document, (field("/a", mode, tenant=tenant),), whom(), to="upstream")
    if what in CHANGES:
        document["a"] = CHANGES[what](document["a"])
    rule = field("/a", "open", tenant=tenant, **NAMES.get(what, {}))
    opening = fields.protector.apply(document, (rule,), CALLERS.get(what, whom()), to="caller")
    if opens == "yes":
        await opening
        assert document == {"a": "value"}
    else:
        with pytest.raises(Unopenable):
            await opening


def test_the_page_moves_values_in_every_way() -> None:
    assert {what for what, _ in MOVED} == {"nothing", *NAMES, *CALLERS, *CHANGES}
    assert [opens for _, opens in MOVED].count("yes") == 1
