from urllib.parse import parse_qs

import httpx
import pytest

from ringfence.demo.customer import Browser, Customer
from ringfence.demo.partner import Unexpected

LOGIN = '<form id="login-form" method="post" action="/login"><input name=username><input name=password></form>'
CONSENT = (
    '<form id="consent-form" method="post" action="/consent"><input type=hidden name=token value=t>'
    '<button id="allow" name="decision" value="allow">Allow</button></form>'
)
BACK = "https://partner.example/callback?code=c"


def site(request: httpx.Request) -> httpx.Response:
    logged_in = "sid=1" in request.headers.get("cookie", "")
    form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
    match request.method, request.url.path:
        case "GET", "/authorize":
            return httpx.Response(303, headers={"location": "/interaction"})
        case "GET", "/interaction":
            return httpx.Response(200, text=CONSENT if logged_in else LOGIN)
        case "POST", "/login" if form == {"username": "amara", "password": "right"}:
            return httpx.Response(303, headers={"location": "/interaction", "set-cookie": "sid=1; Path=/; Secure"})
        case "POST", "/login":
            return httpx.Response(401, text=LOGIN)
        case "POST", "/consent" if logged_in and form == {"token": "t", "decision": "allow"}:
            assert request.headers["origin"] == "https://bank.example"
            return httpx.Response(303, headers={"location": BACK})
        case "GET", "/loop":
            return httpx.Response(302, headers={"location": "/loop"})
    return httpx.Response(400, text="no")


def customer(password="right"):
    http = httpx.Client(transport=httpx.MockTransport(site))
    return Customer("amara", password, Browser(http))


def test_a_customer_logs_in_allows_and_is_not_asked_to_log_in_again():
    amara = customer()
    assert amara.consent("https://bank.example/authorize") == BACK
    page = amara.open("https://bank.example/authorize")
    assert amara.log_in(page) is page
    assert amara.allow(page) == BACK


@pytest.mark.parametrize("path", ["nowhere", "loop"])
def test_pages_that_lead_nowhere_end_the_visit(path):
    with pytest.raises(Unexpected):
        customer().open(f"https://bank.example/{path}")


def test_a_wrong_password_does_not_come_back():
    with pytest.raises(Unexpected, match="401"):
        customer("wrong").consent("https://bank.example/authorize")


ENROL = (
    '<form id="authenticator-form" method="post" action="/enrol"><input type=hidden name=secret value=%s>'
    "<input name=code><input name=password></form>"
) % ("A" * 32)
APPROVE = CONSENT.replace("<button", "<input name=code><button")


def test_a_customer_sets_up_an_authenticator_and_approves_a_payment_with_it():
    seen: list[dict[str, str]] = []

    def bank(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            seen.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        match request.method, request.url.path:
            case "GET", "/own":
                return httpx.Response(200, text=LOGIN)
            case "GET", "/app":
                return httpx.Response(200, text=ENROL)
            case "GET", "/authorize":
                return httpx.Response(200, text=APPROVE)
            case "POST", "/consent":
                return httpx.Response(303, headers={"location": BACK})
        return httpx.Response(200, text="done")

    amara = Customer("amara", "right", Browser(httpx.Client(transport=httpx.MockTransport(bank))))
    amara.enrol("https://bank.example/own", "https://bank.example/app", lambda: 1_800_000_000.0)
    assert amara.consent("https://bank.example/authorize") == BACK
    login, enrolment, approval = seen
    assert "code" not in login
    assert enrolment["password"] == "right"
    assert len({enrolment["code"], approval["code"]}) == 2


def test_an_authenticator_that_the_bank_refuses_is_none():
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=LOGIN + ENROL)))
    with pytest.raises(Unexpected, match="authenticator"):
        Customer("amara", "right", Browser(http)).enrol("https://b/own", "https://b/app", lambda: 1_800_000_000.0)


def test_consent_is_not_given_on_a_page_that_does_not_ask():
    amara = customer()
    with pytest.raises(Unexpected, match="consent-form"):
        amara.allow(amara.open("https://bank.example/authorize"))


SECOND = (
    '<form id="passkey-form" method="post" action="/login"><input type=hidden name=passed value=p></form>'
    '<form id="second-step-form" method="post" action="/login"><input type=hidden name=passed value=p>'
    "<input name=code></form>"
)


class Paper:
    def __init__(self, code: str) -> None:
        self.shown = code

    def code(self) -> str:
        return self.shown


@pytest.mark.parametrize("code", ["123456", "000000"])
def test_the_code_is_typed_on_the_second_page(code):
    def bank(request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if request.method == "GET":
            return httpx.Response(200, text=CONSENT if "sid=1" in request.headers.get("cookie", "") else LOGIN)
        if form == {"passed": "p", "code": "123456"}:
            return httpx.Response(303, headers={"location": "/interaction", "set-cookie": "sid=1; Path=/; Secure"})
        return httpx.Response(401, text=SECOND)

    amara = Customer("amara", "right", Browser(httpx.Client(transport=httpx.MockTransport(bank))))
    amara._authenticator = Paper(code)
    page = amara.open("https://bank.example/interaction")
    if code == "123456":
        assert "consent-form" in amara.log_in(page).forms
    else:
        with pytest.raises(Unexpected, match="did not take the code"):
            amara.log_in(page)
