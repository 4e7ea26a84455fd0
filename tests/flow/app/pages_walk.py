"""A walk through every page that a customer can see, in a real browser, at an installation that really runs."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ringfence.clock import system_clock
from tests.chromium import Chromium

See = Callable[[str], None]


@dataclass
class Walk:
    """One customer at one browser; `see` is called on each page with its name."""

    browser: Chromium
    issuer: str
    username: str
    password: str
    see: See
    seen: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        self.seen.append(name)
        self.see(name)

    def log_in(self) -> None:
        self.browser.type("#username", self.username)
        self.browser.type("#password", self.password)
        self.browser.press("#login-submit")

    def through(self, authorization_url: str) -> None:
        """See each page: login, wrong password, consent, own page, set-up, second factor, passkeys, errors."""
        browser = self.browser
        browser.open(authorization_url)
        browser.find("#login-form")
        self.look("login")
        browser.type("#username", self.username)
        browser.type("#password", "not the password")
        browser.press("#login-submit")
        browser.find("#error")
        self.look("login-wrong")
        self.log_in()
        browser.find("#consent-form")
        self.look("consent")
        browser.open(f"{self.issuer}/oauth/my/grants")
        browser.find("#own-heading")
        self.look("own-page")
        browser.open(f"{self.issuer}/oauth/my/passkeys")
        browser.find("#passkeys-heading")
        self.look("passkeys-none")
        browser.open(f"{self.issuer}/oauth/my/authenticator")
        uri = re.search(r'href="(otpauth:[^"]*)"', browser.text)
        assert uri
        self.look("authenticator")
        secret = parse_qs(uri[1].partition("?")[2].replace("&amp;", "&"))["secret"][0]
        totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
        browser.type("#code", totp.generate(int(system_clock())).decode())
        browser.type("#password", self.password)
        browser.press("#authenticator-submit")
        browser.find("#recovery-codes")
        codes = re.findall(r"<code>([a-z2-7-]{19})</code>", browser.text)
        self.look("recovery-codes")
        browser.press("#back")
        self.log_in()
        browser.find("#second-step-heading")
        self.look("second-step")
        browser.type("#code", "000000")
        browser.press("#second-step-submit")
        browser.find("div.problem")
        self.look("second-step-wrong")
        browser.type("#code", codes[0])
        browser.press("#second-step-submit")
        browser.find("#own-heading")
        browser.open(f"{self.issuer}/oauth/my/authenticator")
        browser.find("#enrolled")
        self.look("authenticator-on")
        browser.open(f"{self.issuer}/oauth/authorize?client_id=nobody&request_uri=nothing")
        browser.find("#error-heading")
        self.look("error")
