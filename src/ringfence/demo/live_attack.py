"""Attack a running installation of this machine as its enemy would, and tell when it was seen and answered.

Addresses are those of the loopback network, 127.0.0.0/8, which one machine may all send from: to the edge each is a
caller of its own. A partner and a customer are made for it and removed again.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from ringfence.clock import Clock, Seconds, monotonic_seconds
from ringfence.demo.cast import Part, register_partner
from ringfence.demo.customer import CONSENT_FORM, LOGIN_FORM, Browser, Customer
from ringfence.demo.installation import CALL_SECONDS, over_socket
from ringfence.demo.management import Management
from ringfence.demo.partner import Partner, Tokens, Unexpected, discover
from ringfence.ids import Random, new_token
from ringfence.policy.load import LoadedPolicy
from ringfence.problem import MEANINGS, Reason

ATTACKER: Final = "127.66.0.1"
ELSEWHERE: Final = "127.77.0.1"
GUESSES: Final = 18
"""Wrong passwords before the right one; the rule wants fifteen."""
WITHIN: Final[Seconds] = 30.0
"""How long anything is waited for."""
PAUSE: Final[Seconds] = 0.01
REFUSAL: Final = MEANINGS[Reason.SECOND_FACTOR_LACKING].title
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotHere(Exception):
    """The installation is none that may be attacked, or does not answer."""


class Moment(msgspec.Struct, frozen=True):
    """One line of the timeline."""

    after: Seconds
    """Since the decisive event was answered; below 0: before it."""
    what: str
    came: bool = True
    """False: waited for in vain."""


Tell = Callable[[Moment], None]


def require_local(issuer: str) -> str:
    """Return the issuer if it is one of this machine.  Raises NotHere."""
    if urlsplit(issuer).hostname not in LOCAL:
        raise NotHere(f"{issuer} is not on this machine; only `ringfence demo --keep` and the like are attacked")
    return issuer


def stuffing(loaded: LoadedPolicy, accounts: str, authority: Path, clock: Clock, random: Random, tell: Tell) -> bool:
    """Try stolen passwords from one address until one fits, and use what it opens; say whether everything was answered.

    Args:
        loaded: the policy of the running installation.
        accounts: path of an operation that the scope `accounts` opens.
        authority: PEM file of the authority behind the edge's certificate.
        clock: the present.
        random: for names and passwords.
        tell: is told each moment as it comes.

    Raises:
        NotHere: it may not be attacked.
        Unexpected: it does not do what it must do without any attack.
        httpx.HTTPError: it does not answer.
    """
    issuer = require_local(loaded.policy.issuer)
    with (
        Management(loaded.places.admin_socket) as management,
        over_socket(loaded.places.admin_socket) as admin,
        _from(authority, "127.0.0.1") as own,
        _from(authority, ATTACKER) as evil,
    ):
        mark = new_token(random)[:8]
        part = Part(f"Simulated partner {mark}", "simulated.example", ("accounts",))
        registration = register_partner(part, management)
        name, password = f"simulated-{mark}", new_token(random)
        user_id = management.add_user(name, password, "Simulated customer")
        server = discover(own, issuer)
        partner = Partner(registration, server, own, clock, random)
        known = {alert["alert_id"] for alert in _items(admin, "/alerts")}
        try:
            customer = Customer(name, password, Browser(own))
            pushed = partner.push(("accounts",))
            tokens = partner.redeem(customer.consent(partner.authorization_url(pushed)), pushed)
            if partner.call("GET", issuer + accounts, tokens).status_code >= httpx.codes.BAD_REQUEST:
                raise Unexpected("a call that is in order was refused before the attack")
            began = monotonic_seconds()
            browser = Browser(evil)
            page = browser.open(partner.authorization_url(partner.push(("accounts",))))
            for n in range(GUESSES):
                with contextlib.suppress(Unexpected):
                    browser.submit(page, page.forms[LOGIN_FORM], {"username": f"{name}-{n}", "password": "stolen"})
            inside = browser.submit(page, page.forms[LOGIN_FORM], {"username": name, "password": password})
            if CONSENT_FORM not in inside.forms:
                raise Unexpected("the right password did not open the page")
            decisive = monotonic_seconds()
            tell(Moment(began - decisive, f"{GUESSES} stolen passwords are tried from {ATTACKER}"))
            tell(Moment(0.0, f"the next one fits: {name} is logged in there"))
            seen = _Watching(decisive, tell)
            thief = Partner(registration, server, evil, clock, random)
            held = _Held(tokens)
            good = seen.all(
                {
                    "alert credential-stuffing-succeeded": lambda: _alerted(admin, known),
                    f"the gateway refuses {ATTACKER}": lambda: (
                        _problem(thief.call("GET", issuer + accounts, held.tokens)) == "network-blocked"
                    ),
                    "the gateway demands a second factor of the customer, from anywhere": lambda: held.stepped_up(
                        partner, issuer + accounts
                    ),
                }
            )
            with _from(authority, ELSEWHERE) as elsewhere:
                url = partner.authorization_url(partner.push(("accounts",)))
                refused = _password_refused(elsewhere, url, name, password)
                tell(
                    Moment(
                        monotonic_seconds() - decisive,
                        f"the right password alone, from {ELSEWHERE}, is refused",
                        refused,
                    )
                )
            return good and refused
        finally:
            _clean(admin, known, registration.client_id, user_id)


class _Held:
    """The partner's tokens, renewed where they have been ended."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def stepped_up(self, partner: Partner, url: str) -> bool:
        answer = partner.call("GET", url, self.tokens)
        if _problem(answer) == "token-revoked":
            self.tokens = partner.refresh(self.tokens)
            answer = partner.call("GET", url, self.tokens)
        return "insufficient_user_authentication" in answer.headers.get("www-authenticate", "")


class _Watching:
    """Looks at several things in turn until each has come."""

    def __init__(self, since: float, tell: Tell) -> None:
        self._since = since
        self._tell = tell

    def all(self, checks: dict[str, Callable[[], bool]]) -> bool:
        """Tell when each came; say whether all did."""
        left = dict(checks)
        while left and monotonic_seconds() - self._since < WITHIN:
            for what in [what for what, check in left.items() if check()]:
                del left[what]
                self._tell(Moment(monotonic_seconds() - self._since, what))
            time.sleep(PAUSE)
        for what in left:
            self._tell(Moment(monotonic_seconds() - self._since, what, came=False))
        return not left


@contextlib.contextmanager
def _from(authority: Path, address: str) -> Iterator[httpx.Client]:
    """Return a client whose connections come from an address of this machine."""
    transport = httpx.HTTPTransport(verify=ssl.create_default_context(cafile=authority), local_address=address)
    with httpx.Client(transport=transport, timeout=CALL_SECONDS, trust_env=False) as http:
        yield http


def _items(admin: httpx.Client, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get(path).json()["items"]
    return found


def _alerted(admin: httpx.Client, known: set[str]) -> bool:
    new = (alert["rule"] for alert in _items(admin, "/alerts") if alert["alert_id"] not in known)
    return "credential-stuffing-succeeded" in new


def _problem(answer: httpx.Response) -> str:
    if answer.is_success:
        return ""
    return str(answer.json().get("type", "")).rpartition(":")[2]


def _password_refused(http: httpx.Client, url: str, name: str, password: str) -> bool:
    texts: list[str] = []

    def read(response: httpx.Response) -> None:
        response.read()
        texts.append(response.text)

    http.event_hooks = {"response": [read]}
    browser = Browser(http)
    page = browser.open(url)
    with contextlib.suppress(Unexpected):
        browser.submit(page, page.forms[LOGIN_FORM], {"username": name, "password": password})
    return REFUSAL in texts[-1]


def _clean(admin: httpx.Client, known: set[str], client_id: str, user_id: str) -> None:
    """Take back what the attack set off, and remove who was made for it."""
    for response in _items(admin, "/responses"):
        if response["alert"] and response["alert"] not in known and response["value"] in {ATTACKER, user_id}:
            admin.post(f"/responses/{response['response_id']}/undo")
    admin.delete(f"/clients/{client_id}")
    admin.delete(f"/users/{user_id}")
