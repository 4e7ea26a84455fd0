"""A bank whose partners ask customers who are not in the browser, and what else happens without one."""

import html
import importlib.util
import re
from pathlib import Path

_spec = importlib.util.spec_from_file_location("oauth_rich", Path(__file__).parent / "rich.py")
rich = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rich)

CIBA = "urn:openid:params:grant-type:ciba"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
NOTIFY = "https://partner.example/ciba"
NOTIFICATION_TOKEN = "n0tification.Token_with-128+bits/~=="
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", CIBA, EXCHANGE)
REQUESTS = "/oauth/my/requests"


async def ciba_partner(bank, name="client_ciba", **changes):
    partner = type(bank.partner)(bank, name)
    await bank.register(
        partner,
        **{
            "grant_types": GRANT_TYPES,
            "backchannel_token_delivery_mode": "poll",
            "authorization_details_types": ("payment", "accounts"),
        }
        | changes,
    )
    return partner


async def ciba_bank(bank, oauth=None, **changes):
    """Return the bank with types of details, and a partner that asks without a redirect."""
    made = bank.with_policy(oauth=rich.OAUTH | (oauth or {}))
    made.partner = await ciba_partner(made, **changes)
    return made


def asking(**changes) -> dict:
    asked = {"scope": "openid accounts", "login_hint": "mia", "binding_message": "Till 4, 12.50 €"} | changes
    return {k: v for k, v in asked.items() if v is not None}


async def ask(partner, **changes):
    return await partner.post("/oauth/bc-authorize", asking(**changes))


async def asked(partner, **changes) -> str:
    answer = await ask(partner, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["auth_req_id"]


async def poll(partner, auth_req_id, **more):
    return await partner.token({"grant_type": CIBA, "auth_req_id": auth_req_id} | more)


class Form:
    def __init__(self, text: str) -> None:
        self.text = text
        self.action = re.search(r'action="([^"]*)"', text)[1]
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
        self.hidden = {name: html.unescape(value) for name, value in found}


def forms(page) -> list[Form]:
    return [Form(text) for text in re.findall(r"<form.*?</form>", page.text, re.DOTALL)]


async def logged_in(bank, username="mia", password="right", **fields):
    browser = bank.browser()
    page = await browser.follow(await browser.http.get("/oauth/my/grants"))
    page = await browser.submit(page, username=username, password=password, **fields)
    assert "What you allowed" in page.text, page.text
    return browser


async def waiting(browser):
    return await browser.follow(await browser.http.get(REQUESTS))


async def answer(browser, decision="allow", form=None, headers=None, **fields):
    form = form or forms(await waiting(browser))[0]
    data = form.hidden | {"decision": decision} | fields
    return await browser.http.post(form.action, data=data, headers=headers or {})
