"""A bank whose partners make payments that the customer approves one by one, with the gateway in front of its API."""

import asyncio
import base64
import importlib.util
import json
import re
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ringfence.message import Response

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)
_spec = importlib.util.spec_from_file_location("gateway_behind", Path(__file__).parent / "behind.py")
behind = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(behind)
asking, payment, answered = rich.asking, rich.payment, rich.answered

ORIGIN, Recorder = behind.ORIGIN, behind.Recorder
LINKING = {
    "amount": "/instructedAmount/amount",
    "currency": "/instructedAmount/currency",
    "payee": "/creditorAccount/iban",
    "payee_name": "/creditorName",
}
MEMBERS = {
    "amount": "/data/amount/value",
    "currency": "/data/amount/currency",
    "payee": "/data/to/iban",
    "payee_name": "/data/to/name",
}
OAUTH = rich.OAUTH | {
    "authorization_details": rich.OAUTH["authorization_details"]
    | {"payment": rich.OAUTH["authorization_details"]["payment"] | {"linking": LINKING}}
}
DOCUMENT = b"""\
openapi: 3.1.0
info: {title: Bank, version: "1"}
paths:
  /payments:
    post:
      operationId: Pay
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              properties:
                note: {type: string}
                data:
                  type: object
                  properties:
                    amount:
                      type: object
                      properties: {value: {type: [string, number]}, currency: {type: string}}
                    to:
                      type: object
                      properties: {iban: {type: string}, name: {type: string}}
      responses: {"201": {description: Paid}}
  /accounts/{id}:
    get:
      operationId: GetAccount
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: Account}}
  /limits:
    post:
      operationId: SetLimit
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {amount: {type: string}}}
      responses: {"200": {description: Set}}
"""
VERSION = {
    "name": "v1",
    "openapi": "bank.yaml",
    "upstream": {"url": "http://127.0.0.1:9"},
    "defaults": {"scopes": []},
    "operations": {
        "Pay": {"link": {"type": "payment", "members": MEMBERS}},
        "GetAccount": {"objects": [{"parameter": "path.id", "type": "accounts", "granted": "/accounts"}]},
        "SetLimit": {
            "max_age_seconds": 300,
            "step_up": [{"amount": "/amount", "at_least": "100.00", "acr": ["urn:ringfence:acr:two-factor"]}],
        },
    },
}


class Upstream:
    """The API behind: it makes every payment that reaches it."""

    def __init__(self) -> None:
        self.made: list[bytes] = []
        self.fails: Exception | None = None
        self.answer = Response(201, (("content-type", "application/json"),), b"{}")
        self.seconds = 0.0

    async def send(self, name, upstream, method, target, headers, body) -> Response:
        if self.fails is not None:
            raise self.fails
        self.made.append(body)
        await asyncio.sleep(self.seconds)
        return self.answer


class Paying:
    """The bank, its gateway, and Mia with her authenticator."""

    def __init__(self, bank, customer) -> None:
        self.bank, self.customer, self.upstream = bank, customer, Upstream()
        self.partner = bank.partner
        self.api = behind.client_of(bank, DOCUMENT, self.upstream)
        bank.clients.append(self.api)

    def code(self) -> str:
        """What Mia's authenticator shows: a new code each time that she looks."""
        self.bank.clock.forward(30)
        return self.customer.generate(int(self.bank.clock.now)).decode()

    async def consent_page(self, *details, browser=None, **more):
        """Return the browser at the consent page for these details."""
        browser = browser or self.bank.browser()
        uri = await self.partner.pushed_uri(**asking(*details, **({"scope": "openid"} | more)))
        page = await browser.visit(self.partner.client_id, uri)
        if page.is_login:
            page = await browser.submit(page, username="mia", password="right", code=self.code())
        return browser, page

    async def tokens(self, *details, browser=None, **more) -> dict:
        browser, page = await self.consent_page(*details, browser=browser, **more)
        assert page.is_consent, page.text
        page = await browser.submit(page, decision="allow", code=self.code())
        code = answered(page.answer.headers["location"])["code"]
        answer = await self.partner.token(self.partner.redemption(code))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def call(self, method: str, path: str, token: str, body: object = None, partner=None) -> httpx.Response:
        partner = partner or self.partner
        proof = partner.proof(ORIGIN + path, method, token=token)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        if body is None:
            return await self.api.request(method, path, headers=headers)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers["content-type"] = "application/json"
        return await self.api.request(method, path, headers=headers, content=content)

    async def pay(self, token: str, body: object) -> httpx.Response:
        return await self.call("POST", "/payments", token, body)

    async def consents(self) -> list:
        return await self.bank.ports.records.list_consents()


def order(amount="123.50", currency="EUR", iban="DE02100100109307118603", name="Merchant A") -> dict:
    return {"data": {"amount": {"value": amount, "currency": currency}, "to": {"iban": iban, "name": name}}}


async def paying_bank(bank) -> Paying:
    made = bank.with_policy(oauth=OAUTH, apis=[{"name": "bank", "versions": [VERSION]}])
    made.partner = type(bank.partner)(made, "client_paying")
    await made.register(
        made.partner,
        authorization_details_types=("payment", "accounts"),
        scopes=("openid", "accounts", "payments", "grant_management_query", "grant_management_revoke"),
    )
    browser = made.browser()
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    await browser.submit(page, username="mia", password="right")
    page = await browser.follow(await browser.http.get("/oauth/my/authenticator"))
    totp = TOTP(base64.b32decode(page.hidden["secret"]), 6, SHA1(), 30)
    code = totp.generate(int(made.clock.now)).decode()
    page = await browser.submit(page, code=code, password="right")
    customer = Paying(made, totp)
    customer.recovery = re.findall(r"<li><code>([a-z2-7-]{19})</code>", page.text)
    return customer


def lookalike(text: str) -> str:
    """Return a text that looks the same: a Cyrillic letter in place of a Latin one."""
    return text.replace("M", "\u041c", 1)
