"""What is good once is good once, however many ask at the same time: fifty on the running server, on both databases.

A refresh token is not one of these: it stays the same (FAPI 2.0 SP §5.3.2.1-9), so all fifty get a token. What there
is exactly one of is the refresh token itself, and its end: after it is revoked none of the fifty has anything left.
"""

import base64
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ringfence.demo.customer import CONSENT_FORM, LOGIN_FORM, SECOND_STEP_FORM
from tests.conformance.edge.conftest import INSTALLATIONS
from tests.conformance.edge.installed import Running
from tests.conformance.edge.partner import PAR, Partner, query_of, register
from tests.conformance.edge.variants import POSTGRES, SQLITE, Variant

pytestmark = pytest.mark.flow

AT_ONCE = 50
DPOP = Variant("private_key_jwt", "dpop", openid=True)
OWN = Variant("private_key_jwt", "dpop", openid=False, own=True)


@pytest.fixture(params=[SQLITE, POSTGRES])
def running(request: pytest.FixtureRequest) -> Running:
    return request.getfixturevalue(INSTALLATIONS[request.param])


@pytest.fixture
def partner(running: Running) -> Partner:
    return register(running, DPOP, 1)


def at_once(running: Running, what: Callable[[httpx.Client, int], httpx.Response]) -> list[httpx.Response]:
    """Do it fifty times at the same moment, each on a connection of its own that is open already."""
    clients = [running.installation.http() for _ in range(AT_ONCE)]
    gate = threading.Barrier(AT_ONCE)

    def one(number: int) -> httpx.Response:
        clients[number].get(running.metadata["jwks_uri"])
        gate.wait(30)
        return what(clients[number], number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, range(AT_ONCE)))
    for client in clients:
        client.close()
    return answers


def counted(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_fifty_redemptions_of_one_code(running: Running, partner: Partner) -> None:
    form = partner.redemption(partner.visit(partner.begin()))
    url = partner.endpoint("token_endpoint")
    ready = [(partner.authenticated(form), {"dpop": partner.proof(url)}) for _ in range(AT_ONCE)]
    answers = at_once(running, lambda http, n: http.post(url, data=ready[n][0], headers=ready[n][1]))
    assert counted(answers) == {200: 1, 400: AT_ONCE - 1}
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    # a code that came twice has leaked: what the winner got is worth nothing either
    assert partner.call(winner["access_token"]).status_code == 401
    again = partner.token({"grant_type": "refresh_token", "refresh_token": winner["refresh_token"]})
    assert again.json()["error"] == "invalid_grant"


def test_fifty_decisions_of_one_request(running: Running, partner: Partner) -> None:
    """The `request_uri` is used up by the decision: one code comes of it."""
    customer = running.customer
    page = customer.log_in(customer.open(partner.address(partner.begin().request_uri)))
    form = page.forms[CONSENT_FORM]
    sent = dict(form.filled({}, "allow"))
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in customer._browser._http.cookies.jar)
    before = len(running.management.grants(partner.client_id))
    url = running.issuer + form.action
    answers = at_once(running, lambda http, n: http.post(url, data=sent, headers={"cookie": cookies}))
    assert counted(answers) == {303: 1, 400: AT_ONCE - 1}
    (location,) = (answer.headers["location"] for answer in answers if answer.status_code == 303)
    assert "code" in query_of(location)
    assert len(running.management.grants(partner.client_id)) == before + 1


def test_fifty_uses_of_one_refresh_token_and_its_end(running: Running, partner: Partner) -> None:
    body = partner.tokens()
    url = partner.endpoint("token_endpoint")
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}

    def forms() -> list:
        return [(partner.authenticated(form), {"dpop": partner.proof(url)}) for _ in range(AT_ONCE)]

    ready = forms()
    answers = at_once(running, lambda http, n: http.post(url, data=ready[n][0], headers=ready[n][1]))
    assert counted(answers) == {200: AT_ONCE}
    bodies = [answer.json() for answer in answers]
    assert {one.get("refresh_token", body["refresh_token"]) for one in bodies} == {body["refresh_token"]}
    assert len({one["access_token"] for one in bodies}) == AT_ONCE
    # and now one of the fifty ends it, while the others use it
    ready = forms()
    revoke = partner.authenticated({"token": body["refresh_token"]})
    ender = partner.endpoint("revocation_endpoint")

    def mixed(http: httpx.Client, number: int) -> httpx.Response:
        if number == AT_ONCE // 2:
            return http.post(ender, data=revoke)
        return http.post(url, data=ready[number][0], headers=ready[number][1])

    ended = at_once(running, mixed)
    assert set(counted(ended)) <= {200, 400}
    assert ended[AT_ONCE // 2].status_code == 200
    late = [answer.json() for answer in ended if answer.status_code == 200 and answer.content]
    for one in [*bodies[:3], *late]:
        if "access_token" in one:
            assert partner.call(one["access_token"]).status_code == 401
    assert partner.token(form).json()["error"] == "invalid_grant"


def test_fifty_uses_of_one_assertion(running: Running) -> None:
    own = register(running, OWN, 1)
    url = own.endpoint("token_endpoint")
    form = own.authenticated(own.own_form())
    proofs = [own.proof(url) for _ in range(AT_ONCE)]
    answers = at_once(running, lambda http, n: http.post(url, data=form, headers={"dpop": proofs[n]}))
    assert counted(answers) == {200: 1, 401: AT_ONCE - 1}


def test_fifty_uses_of_one_proof(running: Running) -> None:
    own = register(running, OWN, 1)
    url = own.endpoint("token_endpoint")
    forms = [own.authenticated(own.own_form()) for _ in range(AT_ONCE)]
    proof = own.proof(url)
    answers = at_once(running, lambda http, n: http.post(url, data=forms[n], headers={"dpop": proof}))
    assert counted(answers) == {200: 1, 400: AT_ONCE - 1}


def test_fifty_pushes_of_one_assertion(running: Running, partner: Partner) -> None:
    url = partner.endpoint(PAR)
    form = partner.authenticated(partner.pushed_form(partner.asked("v" * 43)))
    answers = at_once(running, lambda http, n: http.post(url, data=form))
    assert counted(answers) == {201: 1, 401: AT_ONCE - 1}


def test_fifty_logins_with_one_code_of_an_authenticator(running: Running, partner: Partner) -> None:
    """One step of the authenticator's clock lets one login in; the others are refused, or told to wait.

    Four browsers, which is what one network may try passwords for one name in; the fifty are spread over them. That a
    password was right is taken once a browser, too: who comes late with it is answered 400.
    """
    name, password = f"totp-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    running.management.add_user(name, password, "Authenticated")
    totp = enrol(running, name, password)
    browsers = [running.browser() for _ in range(4)]
    pages = []
    for browser in browsers:
        page = browser.open(partner.address(partner.begin().request_uri))
        pages.append(browser.submit(page, page.forms[LOGIN_FORM], {"username": name, "password": password}))
    until_next_step()
    code = totp.generate(int(time.time())).decode()
    forms = [dict(page.forms[SECOND_STEP_FORM].filled({"code": code})) for page in pages]

    def log_in(_: httpx.Client, number: int) -> httpx.Response:
        which = number % len(browsers)
        form = pages[which].forms[SECOND_STEP_FORM]
        return browsers[which]._http.post(running.issuer + form.action, data=forms[which])

    answers = at_once(running, log_in)
    assert counted(answers)[303] == 1
    assert set(counted(answers)) <= {303, 400, 401, 429, 503}


def enrol(running: Running, name: str, password: str) -> TOTP:
    browser = running.browser()
    login = browser.open(f"{running.issuer}/oauth/my/grants")
    browser.submit(login, next(iter(login.forms.values())), {"username": name, "password": password})
    page = browser.open(f"{running.issuer}/oauth/my/authenticator")
    form = page.forms["authenticator-form"]
    secret = dict(form.fields)["secret"]
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    code = totp.generate(int(time.time()) - 30).decode()
    sent = dict(form.filled({"code": code, "password": password}))
    answer = browser._http.post(running.issuer + form.action, data=sent)
    assert len(re.findall(r"<li><code>", answer.text)) == 10, answer.text
    return totp


def until_next_step() -> None:
    """Leave the step that is about to end, so that all fifty fall into one."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left + 0.1)
