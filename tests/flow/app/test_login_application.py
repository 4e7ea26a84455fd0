"""End to end: a partner's customer logs in and consents at the bank's own application, through the real edge."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.customer import Browser
from ringfence.demo.forms import read_forms
from ringfence.demo.installation import calls_by_worker
from ringfence.demo.ledger import Ledger
from ringfence.demo.partner import Partner
from ringfence.demo.processes import Processes
from ringfence.demo.story import approval, payment
from ringfence.ids import system_random

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]


@dataclass
class Bank:
    running: Running
    login: str

    def browser(self) -> Browser:
        return Browser(self.running.installation.http())

    def start(self, browser: Browser):
        """Return the pushed request and where a browser is led with it."""
        pushed = self.running.partner.push(("accounts",))
        return pushed, browser.open(self.running.partner.authorization_url(pushed))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        policy = str(self.running.installation.policy)
        command = [sys.executable, "-m", "ringfence", "logins", *arguments, "--policy", policy]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    directory, port = tmp_path_factory.mktemp("l"), free_port()
    login = f"http://127.0.0.1:{port}"
    with Processes(directory / "logs") as processes:
        running = begin(directory, processes)
        application = str(Path(__file__).parent / "login_application.py")
        processes.start("login", application, "--port", str(port), "--socket", str(running.installation.admin_socket))
        said = f"{{url: {login}/login, consent_url: {login}/consent, acr_values: ['urn:bank:password']}}"
        running.edit_policy(r"oauth:\n", f"oauth:\n  login_application: {said}\n")
        made = Bank(running, login)
        until = time.monotonic() + 30
        while not made.start(made.browser())[1].outside:
            assert time.monotonic() < until, running.log()
            time.sleep(0.2)
        yield made


def submit(http: httpx.Client, url: str, **values: str) -> httpx.Response:
    """Open the application's page and send its form."""
    page = http.get(url)
    assert page.status_code == 200, page.text
    (form,) = read_forms(page.text).values()
    return http.post(urljoin(url, form.action), data=dict(form.filled(values, "go")))


def test_log_in_and_consent_there_and_call_the_api(bank: Bank) -> None:
    browser, http = bank.browser(), httpx.Client(trust_env=False)
    pushed, away = bank.start(browser)
    assert away.url.startswith(f"{bank.login}/login?login_challenge=")
    assert submit(http, away.url, name="nia", password="wrong").status_code == 403
    logged_in = submit(http, away.url, name="nia", password="open sesame")
    asked = browser.open(logged_in.headers["location"])
    assert asked.outside
    assert asked.url.startswith(f"{bank.login}/consent?consent_challenge=")
    agreed = submit(http, asked.url)
    came_back = browser.open(agreed.headers["location"])
    tokens = bank.running.partner.redeem(came_back.url, pushed)
    answer = bank.running.partner.call("GET", bank.running.installation.accounts_url, tokens)
    assert answer.status_code == 200, answer.text
    (grant,) = [
        g for g in bank.running.management.grants(bank.running.partner.registration.client_id) if g["user_id"] == "nia"
    ]
    assert grant["scopes"] == ["accounts"]


def test_by_hand_with_the_command_line(bank: Bank) -> None:
    browser = bank.browser()
    pushed, away = bank.start(browser)
    challenge = parse_qs(urlsplit(away.url).query)["login_challenge"][0]
    waiting = json.loads(bank.command("list", "--json").stdout)
    assert waiting[0]["kind"] == "login"
    shown = json.loads(bank.command("show", challenge, "--json").stdout)
    assert shown["request"]["client_name"] == "Harbour Pay"
    assert "Harbour Pay" in bank.command("show", challenge).stdout
    accept = ("accept", challenge, "--subject", "nia", "--acr", "urn:bank:password", "--amr", "pwd")
    done = bank.command(*accept)
    assert done.returncode == 0, done.stderr
    assert bank.command(*accept).returncode == 1
    asked = browser.open(done.stdout.strip())
    consent = parse_qs(urlsplit(asked.url).query)["consent_challenge"][0]
    refused = json.loads(bank.command("reject", consent, "--error", "access_denied", "--json").stdout)
    came_back = browser.open(refused["redirect_to"])
    assert parse_qs(urlsplit(came_back.url).query)["error"] == ["access_denied"]
    assert parse_qs(urlsplit(came_back.url).query)["state"] == [pushed.state]


def test_a_strangers_browser_gets_nothing_from_somebody_elses_way_back(bank: Bank) -> None:
    attacker, victim, http = bank.browser(), bank.browser(), httpx.Client(trust_env=False)
    _, away = bank.start(attacker)
    bank.start(victim)
    way_back = submit(http, away.url, name="nia", password="open sesame").headers["location"]
    assert victim._http.get(way_back).status_code == 400
    assert not any("session" in name for name in victim._http.cookies)
    assert attacker.open(way_back).outside


def test_fifty_payments_at_once_through_both_workers_make_one(bank: Bank) -> None:
    """One approved payment, fifty calls on connections of their own, two worker processes, one database."""
    running, browser = bank.running, bank.browser()
    with Ledger(running.installation.ledger) as ledger:
        ledger.enrol("cus_amara", "nia")
    pushed = running.partner.push(("payments",), (approval(),))
    away = browser.open(running.partner.authorization_url(pushed))
    accepted = {"subject": "nia", "acr": "urn:bank:password", "amr": ["pwd"]}
    asked = browser.open(answer(bank, away.url, "login_challenge", accepted))
    came_back = browser.open(answer(bank, asked.url, "consent_challenge", {"amr": ["pin", "hwk"]}))
    tokens = running.partner.redeem(came_back.url, pushed)

    def pay(number: int) -> httpx.Response:
        with running.installation.http() as http:
            partner = Partner(running.partner.registration, running.partner.server, http, system_clock, system_random)
            key = {"x-idempotency-key": f"race-{number}"}
            return partner.call("POST", running.installation.payments_url, tokens, payment(), key)

    with httpx.Client(base_url=running.installation.bank_url, trust_env=False) as api:
        before = api.get("/__count").json()["payments"]
        with ThreadPoolExecutor(50) as pool, running.installation.edge() as edge:
            calls = calls_by_worker(edge)
            answers = list(pool.map(pay, range(50)))
            spread = {worker: count - calls[worker] for worker, count in calls_by_worker(edge).items()}
        made = api.get("/__count").json()["payments"] - before
    assert sorted(one.status_code for one in answers) == [201] + [403] * 49
    assert {one.json()["type"] for one in answers if one.status_code == 403} == {"urn:ringfence:problem:consent-used"}
    assert made == 1
    assert len(spread) == 2
    assert all(spread.values()), spread
    (consent,) = [
        one
        for one in running.management._call("GET", "/consents", params={"user_id": "nia"})["items"]
        if one["authentication_code"]
    ]
    assert consent["state"] == "Consumed"


def answer(bank: Bank, url: str, name: str, said: dict[str, object]) -> str:
    """Answer for the application and return the way back."""
    challenge = parse_qs(urlsplit(url).query)[name][0]
    return str(bank.running.management._call("POST", f"/logins/{challenge}/accept", said)["redirect_to"])
