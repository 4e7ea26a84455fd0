"""The story: a partner is let in by a customer, pays, is attacked from all sides, and is shut out again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from ringfence.attacks.forge import Key
from ringfence.attacks.outcome import Attack, Outcome
from ringfence.attacks.target import Holder, Target
from ringfence.clock import Clock, monotonic_seconds
from ringfence.demo.cast import Cast, assemble
from ringfence.demo.installation import Installation, calls_by_worker
from ringfence.demo.management import Management
from ringfence.demo.numbers import minor
from ringfence.demo.partner import Partner, Server, Tokens, Unexpected, discover
from ringfence.demo.results import Assault
from ringfence.demo.seed import CUSTOMERS
from ringfence.demo.teller import StoryBroke, Teller
from ringfence.ids import Random, new_id

AMOUNT: Final = "12.50"
PAYEE: Final = CUSTOMERS[1]
READING: Final = ("accounts",)
PAYING: Final = "payments"

FRESH_CONNECTIONS: Final = 8
"""Calls on connections of their own, which the edge spreads over the workers."""

MOST_CONNECTIONS: Final = 24
"""When to give up on an edge that leaves a worker out."""

EXPIRY_MARGIN_SECONDS: Final = 1.0
"""Token times are whole seconds."""

OK: Final = 200
CREATED: Final = 201
UNAUTHORIZED: Final = 401


@dataclass(frozen=True)
class Stage:
    """What the story is played on."""

    installation: Installation
    management: Management
    http: httpx.Client
    """What partners use."""
    browser: httpx.Client
    """What the customer uses: cookies of its own."""
    clock: Clock
    random: Random


@dataclass(frozen=True)
class Opened:
    """What the customer opened to the three partners."""

    harbour: Tokens
    paying: Tokens
    """For one payment, which has been made."""
    kestrel: Tokens
    lapwing: Tokens
    lapwing_since: float
    """Monotonic time at which the short token came."""


@dataclass(frozen=True)
class Calls:
    """The same call made several times, and how many of them each worker got."""

    answers: list[httpx.Response]
    by_worker: dict[str, int]


def tell(stage: Stage, teller: Teller, attacks: Sequence[Attack]) -> Cast | None:
    """Play everything; what happened is with the teller. Returns the cast, or None where the story broke off."""
    for client in (stage.http, stage.browser):
        client.event_hooks = {"response": [teller.heard]}
    try:
        teller.show.chapter("A partner is let in")
        cast, server = _begin(stage, teller)
        tokens = _consent(cast, teller)
        teller.show.chapter("It reads and pays")
        paying = _use(stage, cast, tokens, teller)
        opened = _others(stage, cast, tokens, paying, teller)
        teller.show.chapter(f"{len(attacks)} attacks")
        _attacks(stage, cast, server, opened, teller, attacks)
        teller.show.chapter("The bank takes it back")
        _revoke(stage, cast.harbour, opened.harbour, teller)
    except StoryBroke:
        return None
    return cast


def _begin(stage: Stage, teller: Teller) -> tuple[Cast, Server]:
    with teller.step("metadata", "The partners read the authorization server's metadata") as note:
        server = discover(stage.http, stage.installation.issuer)
        note.detail = f"{server.issuer}, over {teller.tls}"
    with teller.step("register", "The bank registers three partners and a customer") as note:
        cast = assemble(
            stage.installation, stage.management, server, stage.http, stage.browser, stage.clock, stage.random
        )
        note.detail = "through the management API, on its unix socket"
    with teller.step("authenticator", "The customer sets up an authenticator app") as note:
        where = stage.installation
        cast.customer.enrol(where.own_page, where.authenticator_page, stage.clock)
        note.detail = "on the bank's own page; from now on each login asks for its code"
    return cast, server


def _consent(cast: Cast, teller: Teller) -> Tokens:
    harbour = cast.harbour
    name = harbour.registration.name
    with teller.step("push", f"{name} pushes its authorization request") as note:
        pushed = harbour.push(READING)
        note.detail = f"PKCE, private_key_jwt, bound to its DPoP key; good for {pushed.seconds} s"
    with teller.step("login", "The customer is sent to the bank and logs in") as note:
        page = cast.customer.log_in(cast.customer.open(harbour.authorization_url(pushed)))
        note.detail = f"{cast.customer.username}, with password and code, on a page without script"
    with teller.step("consent", "The customer reads what is asked and allows it") as note:
        came_back = cast.customer.allow(page)
        note.detail = f"{', '.join(READING)}; the browser goes back with a code"
    with teller.step("token", f"{name} redeems the code") as note:
        tokens = harbour.redeem(came_back, pushed)
        note.detail = f"an access token for {tokens.seconds} s, useless without the partner's key"
    return tokens


def _use(stage: Stage, cast: Cast, tokens: Tokens, teller: Teller) -> Tokens:
    installation, harbour = stage.installation, cast.harbour
    with teller.step("accounts", "It reads the customer's accounts") as note:
        accounts = _expect(harbour.call("GET", installation.accounts_url, tokens), OK)["Data"]["Account"]
        note.detail = "; ".join(f"{a['Nickname']} {a['Account'][0]['Identification']}" for a in accounts)
    balances = f"{installation.accounts_url}/{accounts[0]['AccountId']}/balances"
    with teller.step("balance", f"It reads the balance of {accounts[0]['Nickname']}") as note:
        before = _balance(harbour, balances, tokens)
        note.detail = f"£{before}"
    with teller.step("approve", f"The customer approves £{AMOUNT} to {PAYEE.name}, with a code for just that") as note:
        paying = approved_payment(cast)
        note.detail = "amount and payee stand in the token; it is good for this payment, once"
    with teller.step("payment", f"It pays £{AMOUNT} to {PAYEE.name}") as note:
        key = {"x-idempotency-key": new_id("pay", stage.random)}
        answer = harbour.call("POST", installation.payments_url, paying, payment(), key)
        made = _expect(answer, CREATED)["Data"]
        note.detail = f"{made['DomesticPaymentId']}, settled"
    with teller.step("moved", "The balance has fallen by just that") as note:
        after = _balance(harbour, balances, tokens)
        if minor(before) - minor(after) != minor(AMOUNT):
            raise Unexpected(f"£{before} became £{after}")
        note.detail = f"£{before} − £{AMOUNT} = £{after}"
    return paying


def _others(stage: Stage, cast: Cast, tokens: Tokens, paying: Tokens, teller: Teller) -> Opened:
    with teller.step("refresh", "It refreshes its access token") as note:
        tokens = cast.harbour.refresh(tokens)
        note.detail = f"for {tokens.seconds} s more"
    with teller.step("other-partner", f"The customer lets {cast.kestrel.registration.name} read accounts too") as note:
        kestrel = _let_in(cast, cast.kestrel)
        note.detail = "without logging in again; no payments"
    with teller.step("short-token", f"{cast.lapwing.registration.name} gets a short token and uses it") as note:
        lapwing = _let_in(cast, cast.lapwing)
        since = monotonic_seconds()
        _expect(cast.lapwing.call("GET", stage.installation.accounts_url, lapwing), OK)
        note.detail = f"it lives for {lapwing.seconds} s"
    return Opened(tokens, paying, kestrel, lapwing, since)


def _attacks(
    stage: Stage, cast: Cast, server: Server, opened: Opened, teller: Teller, attacks: Sequence[Attack]
) -> None:
    with teller.step("keys", "The attackers take what is public, and wait for a token to expire") as note:
        keys = _expect(stage.http.get(server.jwks), OK)
        left = opened.lapwing.seconds + EXPIRY_MARGIN_SECONDS - (monotonic_seconds() - opened.lapwing_since)
        time.sleep(max(0.0, left))
        note.detail = f"{len(keys['keys'])} public key"
    target = Target(
        http=stage.http,
        accounts_url=stage.installation.accounts_url,
        payments_url=stage.installation.payments_url,
        payment=payment(),
        victim=_holder(cast.harbour, opened.harbour),
        payer=_holder(cast.harbour, opened.paying),
        reader=_holder(cast.kestrel, opened.kestrel),
        expired=_holder(cast.lapwing, opened.lapwing),
        issuer_keys=keys,
        clock=stage.clock,
        random=stage.random,
    )
    with httpx.Client(base_url=stage.installation.bank_url, trust_env=False) as bank:
        for attack in attacks:
            before = bank.get("/__count").json()
            outcome = _run(attack, target)
            after = bank.get("/__count").json()
            teller.attacked(
                Assault(
                    name=attack.name,
                    title=attack.title,
                    outcome=outcome,
                    reached_bank=after["calls"] - before["calls"] - outcome.honest_calls,
                    payments_made=after["payments"] - before["payments"],
                )
            )


def _run(attack: Attack, target: Target) -> Outcome:
    """Run an attack; one that ends without an answer has not been refused."""
    try:
        return attack.run(target)
    except httpx.HTTPError as error:
        return Outcome((), remark=f"{type(error).__name__}: {error}")


def _revoke(stage: Stage, harbour: Partner, tokens: Tokens, teller: Teller) -> None:
    def fresh_calls() -> Calls:
        return _on_every_worker(stage, teller, harbour, tokens)

    with teller.step("remembered", f"{harbour.registration.name}'s token is good on every worker") as note:
        note.detail = _all(fresh_calls(), OK, "")
    with teller.step("revoke", "The bank revokes the grant"):
        for grant in stage.management.grants(harbour.registration.client_id):
            stage.management.revoke_grant(grant["grant_id"])
    with teller.step("refused", "The very next call is refused, on every worker") as note:
        note.detail = _all(fresh_calls(), UNAUTHORIZED, "token-revoked")
    with teller.step("no-refresh", "The refresh token is dead too") as note:
        note.detail = _refused_by(lambda: harbour.refresh(tokens), "invalid_grant")


def _on_every_worker(stage: Stage, teller: Teller, partner: Partner, tokens: Tokens) -> Calls:
    """Call on fresh connections until each worker has had a call, and eight times at least.

    Raises:
        Unexpected: the edge leaves a worker out.
    """
    url = stage.installation.accounts_url
    answers: list[httpx.Response] = []
    with stage.installation.edge() as edge:
        before = after = calls_by_worker(edge)
        while len(answers) < FRESH_CONNECTIONS or any(after[worker] == count for worker, count in before.items()):
            if len(answers) == MOST_CONNECTIONS:
                raise Unexpected(f"{len(answers)} calls did not reach every worker: {before} before, {after} after")
            with stage.installation.http() as http:
                proof = partner.proof("GET", url, tokens.access_token)
                answers.append(http.get(url, headers={"authorization": f"DPoP {tokens.access_token}", "dpop": proof}))
            teller.heard(answers[-1])
            after = calls_by_worker(edge)
    return Calls(answers, {worker: after[worker] - count for worker, count in before.items()})


def payment() -> dict[str, Any]:
    """Return the payment of the story, as a partner sends it."""
    payee = PAYEE.accounts[0]
    return {
        "Data": {
            "Initiation": {
                "InstructionIdentification": "HP-2026-0001",
                "EndToEndIdentification": "SHARED-LUNCH",
                "InstructedAmount": {"Amount": AMOUNT, "Currency": "GBP"},
                "CreditorAccount": {
                    "SchemeName": "UK.OBIE.SortCodeAccountNumber",
                    "Identification": payee.sort_code + payee.number,
                    "Name": PAYEE.name,
                },
                "RemittanceInformation": {"Unstructured": ["Lunch on Friday"]},
            }
        },
        "Risk": {"PaymentContextCode": "TransferToThirdParty"},
    }


def approval() -> dict[str, Any]:
    """Return what the customer is asked to approve of that payment.  RFC 9396 §2."""
    initiation = payment()["Data"]["Initiation"]
    amount, payee = initiation["InstructedAmount"], initiation["CreditorAccount"]
    return {
        "type": "payment",
        "instructedAmount": {"amount": amount["Amount"], "currency": amount["Currency"]},
        "creditorName": payee["Name"],
        "creditorAccount": {"schemeName": payee["SchemeName"], "identification": payee["Identification"]},
    }


def approved_payment(cast: Cast, more: tuple[str, ...] = ()) -> Tokens:
    """Let the customer approve the payment of the story, and return tokens that make it."""
    pushed = cast.harbour.push((*more, PAYING), (approval(),))
    return cast.harbour.redeem(cast.customer.consent(cast.harbour.authorization_url(pushed)), pushed)


def _let_in(cast: Cast, partner: Partner) -> Tokens:
    pushed = partner.push(partner.registration.scopes)
    return partner.redeem(cast.customer.consent(partner.authorization_url(pushed)), pushed)


def _holder(partner: Partner, tokens: Tokens) -> Holder:
    private = partner.registration.dpop_key.private_key
    assert private is not None, "the partner made this key itself"
    return Holder(partner.registration.name, tokens.access_token, Key(private))


def _balance(harbour: Partner, url: str, tokens: Tokens) -> str:
    return str(_expect(harbour.call("GET", url, tokens), OK)["Data"]["Balance"][0]["Amount"]["Amount"])


def _all(calls: Calls, status: int, reason: str) -> str:
    """Return what the answers say in common.

    Raises:
        Unexpected: one has another status or reason.
    """
    for answer in calls.answers:
        content = _expect(answer, status)
        if reason and not content.get("type", "").endswith(f":{reason}"):
            raise Unexpected(f"refused as {content.get('type')}, not as {reason}")
    spread = ", ".join(f"{count} to {worker}" for worker, count in calls.by_worker.items())
    return f"{len(calls.answers)} calls, each on a connection of its own: {spread}"


def _refused_by(act: Callable[[], object], error: str) -> str:
    try:
        act()
    except Unexpected as refused:
        if error in str(refused):
            return error
        raise
    raise Unexpected("it still works")


def _expect(response: httpx.Response, status: int) -> dict[str, Any]:
    if response.status_code != status:
        request = response.request
        raise Unexpected(f"{request.method} {request.url.path} answered {response.status_code}: {response.text[:500]}")
    content: dict[str, Any] = response.json()
    return content
