"""A customer at a browser without script: logs in, reads what is asked, and allows it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from ringfence.clock import Clock
from ringfence.demo.authenticator import Authenticator
from ringfence.demo.forms import Form, read_forms
from ringfence.demo.partner import Unexpected

LOGIN_FORM: Final = "login-form"
SECOND_STEP_FORM: Final = "second-step-form"
CONSENT_FORM: Final = "consent-form"
ALLOW_BUTTON: Final = "allow"
AUTHENTICATOR_FORM: Final = "authenticator-form"
CODE_FIELD: Final = "code"

MOST_HOPS: Final = 10
"""Redirects that a browser follows before it gives up; ours needs two."""


@dataclass(frozen=True)
class Page:
    """Where the browser has come to: a page with its forms, or an address outside that it was sent to."""

    url: str
    forms: dict[str, Form]
    outside: bool = False


class Browser:
    """Keeps cookies, follows redirects within the bank's site, and stops where it is sent elsewhere."""

    def __init__(self, http: httpx.Client) -> None:
        """Take a client of its own: its cookies are this browser's."""
        self._http: Final = http

    def open(self, url: str) -> Page:
        """Go to an address."""
        return self._follow(url, self._http.get(url, headers={"accept": "text/html"}))

    def submit(self, page: Page, form: Form, values: dict[str, str], button: str = "") -> Page:
        """Fill in a form of the page and send it."""
        url = urljoin(page.url, form.action or page.url)
        parts = urlsplit(page.url)
        fields = {
            "accept": "text/html",
            "origin": f"{parts.scheme}://{parts.netloc}",
            "sec-fetch-site": "same-origin",
        }
        sent = dict(form.filled(values, button))
        if form.method == "post":
            return self._follow(url, self._http.post(url, data=sent, headers=fields))
        return self._follow(url, self._http.get(url, params=sent, headers=fields))

    def _follow(self, url: str, response: httpx.Response) -> Page:
        home = urlsplit(url).netloc
        for _ in range(MOST_HOPS):
            if not response.has_redirect_location:
                break
            url = urljoin(url, response.headers["location"])
            if urlsplit(url).netloc != home:
                return Page(url, {}, outside=True)
            response = self._http.get(url, headers={"accept": "text/html"})
        forms = read_forms(response.text)
        if not response.is_success and SECOND_STEP_FORM not in forms:
            raise Unexpected(f"the page {urlsplit(url).path} answered {response.status_code}: {response.text[:500]}")
        return Page(url, forms)


class Customer:
    """A customer of the bank with a browser."""

    def __init__(self, username: str, password: str, browser: Browser) -> None:
        """Take what the customer knows and uses."""
        self.username: Final = username
        self._password: Final = password
        self._browser: Final = browser
        self._authenticator: Authenticator | None = None

    def enrol(self, own_page: str, authenticator_page: str, clock: Clock) -> None:
        """Set up an authenticator app on the customer's own page; from now on each login asks for its code.

        Raises:
            Unexpected: the bank offers none.
        """
        self.log_in(self.open(own_page))
        page = self.open(authenticator_page)
        form = _form(page, AUTHENTICATOR_FORM)
        authenticator = Authenticator(dict(form.fields)["secret"], clock)
        values = {CODE_FIELD: authenticator.code(), "password": self._password}
        if AUTHENTICATOR_FORM in self._browser.submit(page, form, values).forms:
            raise Unexpected("the bank did not take the authenticator")
        self._authenticator = authenticator

    def open(self, url: str) -> Page:
        """Go where the partner sent us."""
        return self._browser.open(url)

    def log_in(self, page: Page) -> Page:
        """Type user name and password, then the code; a browser that is logged in already is not asked.

        Raises:
            Unexpected: the page is neither.
        """
        if CONSENT_FORM in page.forms or page.outside:
            return page
        values = {"username": self.username, "password": self._password}
        page = self._browser.submit(page, _form(page, LOGIN_FORM), values)
        if SECOND_STEP_FORM not in page.forms:
            return page
        page = self._browser.submit(page, page.forms[SECOND_STEP_FORM], self._code())
        if SECOND_STEP_FORM in page.forms:
            raise Unexpected("the bank did not take the code")
        return page

    def allow(self, page: Page) -> str:
        """Press the button that allows, and return the partner's address to which the browser is sent.

        Where the page is about a payment, it wants a code for just that.
        """
        if not page.outside:
            form = _form(page, CONSENT_FORM)
            asked = any(name == CODE_FIELD for name, _ in form.fields)
            page = self._browser.submit(page, form, self._code() if asked else {}, ALLOW_BUTTON)
        if not page.outside:
            raise Unexpected(f"after consent the browser stays at {urlsplit(page.url).path}")
        return page.url

    def consent(self, url: str) -> str:
        """Do all of it: open, log in where asked, allow."""
        return self.allow(self.log_in(self.open(url)))

    def _code(self) -> dict[str, str]:
        return {CODE_FIELD: self._authenticator.code()} if self._authenticator else {}


def _form(page: Page, name: str) -> Form:
    if name not in page.forms:
        raise Unexpected(f"the page {urlsplit(page.url).path} has no form {name}, only {sorted(page.forms)}")
    return page.forms[name]
