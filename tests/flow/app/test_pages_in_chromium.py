"""The customer's pages in a real Chromium: with a passkey, and on both widths without script.  Web Authentication Level 3; WCAG 2.2 §1.4.10, §2.5.8, §3.3.2."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages_walk import Walk

from ringfence.demo.story import approval
from ringfence.ids import new_token, system_random
from tests.chromium import Chromium

SIZES = {"desk": (1280, 900), "phone": (390, 844)}

JUDGE = """
const found = [];
if (document.documentElement.scrollWidth > window.innerWidth) found.push("scrolls sideways: " + document.documentElement.scrollWidth);
for (const input of document.querySelectorAll("input:not([type=hidden])")) {
  if (!input.labels.length || !input.labels[0].textContent.trim()) found.push("no label: " + input.id);
  if (!input.autocomplete) found.push("no autocomplete: " + input.id);
}
for (const one of document.querySelectorAll("input:not([type=hidden]), button:not(.link), summary")) {
  const box = one.getBoundingClientRect();
  if (box.width && box.height < 40) found.push("small: " + (one.id || one.textContent) + " " + box.height);
  if (box.right > window.innerWidth + 1) found.push("cut off: " + one.id);
}
for (const one of document.querySelectorAll("form, button, input:not([type=hidden])"))
  if (!one.id) found.push("no id: " + one.outerHTML.slice(0, 80));
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
if (new Set(ids).size !== ids.length) found.push("an id twice");
for (const one of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
  for (const id of ((one.getAttribute("aria-describedby") || "") + " " + (one.getAttribute("aria-labelledby") || "")).split(" "))
    if (id && !document.getElementById(id)) found.push("refers to nothing: " + id);
if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
if (document.querySelector("[tabindex]")) found.push("an order of its own");
if (window.scriptRan) found.push("script ran");
return found;
"""


@pytest.fixture
def passwords(running) -> Iterator[tuple[str, str]]:
    """A customer of our own, so that nobody else's login changes."""
    name, password = f"walker-{new_token(system_random)[:8].lower()}", new_token(system_random)
    user_id = running.management.add_user(name, password, "Robin Vale")
    yield name, password
    running.management._call("DELETE", f"/users/{user_id}")


def start(log: Path, **options) -> Chromium:
    browser = Chromium(log, **options)
    if not browser.installed:
        pytest.skip("chromium and chromium-driver are not installed")
    return browser


def asking(running) -> str:
    return running.partner.authorization_url(running.partner.push(("accounts", "payments")))


def log_in(browser, name: str, password: str) -> None:
    browser.type("#username", name)
    browser.type("#password", password)
    browser.press("#login-submit")


@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_used_without_script_at_both_widths(running, passwords, tmp_path, size) -> None:
    width, height = SIZES[size]
    faults: dict[str, list[str]] = {}
    with start(tmp_path / "driver.log", width=width, height=height, script=False) as browser:

        def judge(name: str) -> None:
            if found := browser.run(JUDGE):
                faults[name] = found
            # what needs script is hidden, and a page that would have it says so
            if browser.has("#passkey-form"):
                assert not browser.shows("#passkey-form")
                assert browser.shows("#no-script")

        walk = Walk(browser, running.installation.issuer, *passwords, judge)
        walk.through(asking(running))
    assert not faults
    assert len(walk.seen) == 11


def test_a_passkey_is_made_and_logs_in_alone_and_after_the_password(running, passwords, tmp_path) -> None:
    name, password = passwords
    issuer = running.installation.issuer
    with start(tmp_path / "driver.log") as browser:
        device = browser.authenticator()
        browser.open(f"{issuer}/oauth/my/passkeys")
        log_in(browser, name, password)
        browser.find("#own-heading")  # the login has answered: nothing of it is under way
        browser.open(f"{issuer}/oauth/my/passkeys")
        browser.type("#name", "My laptop")
        browser.press("#passkey-submit")
        browser.find("#codes-heading")
        assert len(re.findall(r"<code>[a-z2-7-]{19}</code>", browser.text)) == 10
        (made,) = browser.credentials(device)
        assert made["rpId"] == "localhost"
        assert made["isResidentCredential"]
        before = browser.cookie("__Host-ringfence-session")

        # alone, at a partner's request, with nothing typed
        browser.forget("__Host-ringfence-session")
        browser.open(asking(running))
        if not browser.has("#consent-form"):  # the browser may offer the passkey, and the device agree, by itself
            browser.press_if_there("#passkey-submit")
        browser.find("#consent-form")
        assert browser.cookie("__Host-ringfence-session") not in ("", before)
        assert browser.credentials(device)[0]["signCount"] > made["signCount"]

        # after the password
        browser.forget("__Host-ringfence-session")
        browser.unplug(device)
        browser.open(asking(running))
        log_in(browser, name, password)
        browser.find("#second-step-heading")
        again = browser.authenticator()
        browser.plug(again, browser.last_credentials)
        browser.press("#passkey-submit")
        browser.find("#consent-form")

        # for a payment, on its own page; the login's passkey is not enough
        browser.open(running.partner.authorization_url(running.partner.push(("payments",), (approval(),))))
        browser.find("#payment")
        assert not browser.has("#code")
        browser.press("#passkey-submit")
        browser.until(lambda: not browser.url.startswith(issuer))
        browser.open(f"{issuer}/oauth/my/grants")
        browser.find("#own-heading")
        assert "Pay 12.50 GBP" in browser.text

        # on the page: listed, and the last one goes after a word about it
        browser.open(f"{issuer}/oauth/my/passkeys")
        browser.find("#passkeys-heading")
        assert "My laptop" in browser.text
        browser.press("button.danger")
        browser.press("#remove-last")
        browser.find("#no-passkeys")
    allowed = [event for event in running.events("login.decided.v1") if event["allowed"]]
    assert [event.get("acr", "") for event in allowed][-2:] == ["urn:ringfence:acr:phishing-resistant"] * 2


def test_an_authenticator_that_does_not_know_its_owner_is_refused(running, passwords, tmp_path) -> None:
    issuer = running.installation.issuer
    with start(tmp_path / "driver.log") as browser:
        device = browser.authenticator(verified=False)
        browser.open(f"{issuer}/oauth/my/passkeys")
        log_in(browser, *passwords)
        browser.find("#own-heading")  # the login has answered: nothing of it is under way
        browser.open(f"{issuer}/oauth/my/passkeys")
        browser.press("#passkey-submit")
        browser.until(lambda: "That did not work" in browser.text)
        assert not browser.credentials(device)
        assert browser.has("#no-passkeys")
