"""Write down what happens as the events that the real roles emit, numbered, with what is true about each."""

import itertools
import random
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.calls import CallDecided
from ringfence.events.consents import ConsentMoved
from ringfence.events.logins import AuthenticatorEnrolled, LoginDecided
from ringfence.events.tokens import TokenDecided
from ringfence.simulation.devices import agent_of, caller_of, object_of
from ringfence.simulation.population import OWN_APP


class Truth(msgspec.Struct, frozen=True):
    """What is true about an event that is not everyday traffic: an attack in a form, or an honest mistake."""

    attack: str = ""
    form: str = ""
    mistake: str = ""
    number: int = 0
    """Which attack or mistake of its kind."""


def attack_of(truth: Truth | None) -> str:
    """Return what names the attack that an event belongs to; empty for everyday traffic and honest mistakes."""
    return f"{truth.attack} {truth.number}" if truth is not None and truth.attack else ""


class Told(NamedTuple):
    """One event with its time and its truth, None for everyday traffic."""

    at: float
    event: Event
    truth: Truth | None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the bank's API."""

    name: str
    method: str
    path: str
    usual_bytes: int


ACCOUNTS: Final = Operation("ListAccounts", "GET", "/accounts", 1_200)
ACCOUNT: Final = Operation("ReadAccount", "GET", "/accounts/{AccountId}", 700)
BALANCES: Final = Operation("ReadBalances", "GET", "/accounts/{AccountId}/balances", 500)
TRANSACTIONS: Final = Operation("ReadTransactions", "GET", "/accounts/{AccountId}/transactions", 24_000)
PAYMENT: Final = Operation("CreatePayment", "POST", "/domestic-payments", 900)
OPERATIONS: Final = (ACCOUNTS, ACCOUNT, BALANCES, TRANSACTIONS, PAYMENT)
NOWHERE: Final = Operation("", "GET", "", 200)

_STATUS: Final = {
    "": 200,
    "rate-limited": 429,
    "object-not-granted": 403,
    "scope-missing": 403,
    "unknown-path": 404,
    "not-exposed": 404,
    "method-not-allowed": 405,
    "proof-key": 401,
    "proof-replayed": 401,
    "token-expired": 401,
    "upstream-unreachable": 502,
}
_REFUSED: Final = 400


class Scribe:
    """Makes events; what nobody chooses is drawn from `rng`."""

    def __init__(self, rng: random.Random, start: float) -> None:
        """Tell times from `start` on, in seconds since 1970."""
        self.rng = rng
        self.start = start
        self._numbers = itertools.count(1)

    def _correlation(self) -> str:
        return f"sim-{next(self._numbers):08x}"

    def login(
        self, at: float, name_hash: str, network: str, reason: str = "", user: str = "", truth: Truth | None = None
    ) -> Told:
        """Tell of an attempt to log in, which succeeds without a reason."""
        agent = agent_of(user or name_hash, at, attack_of(truth))
        event = LoginDecided(
            at=Instant(self.start + at),
            correlation=self._correlation(),
            allowed=not reason,
            username_hash=name_hash,
            user="" if reason else user,
            client=OWN_APP,
            network=network,
            reason=reason,
            agent=agent.digest,
            agent_class=agent.kind,
        )
        return Told(at, event, truth)

    def enrol(self, at: float, user: str, network: str, truth: Truth | None = None) -> Told:
        """Tell of an authenticator that a customer set up."""
        event = AuthenticatorEnrolled(Instant(self.start + at), self._correlation(), user, network)
        return Told(at, event, truth)

    def call(
        self,
        at: float,
        operation: Operation,
        network: str,
        *,
        who: tuple[str, str, str] = ("", "", ""),
        reason: str = "",
        status: int = 0,
        path: str = "",
        size: int = 0,
        payee: str = "",
        truth: Truth | None = None,
    ) -> Told:
        """Tell of a call by `who` (client, user, grant), which the gateway lets through without a reason."""
        client, user, grant = who
        usual = operation.usual_bytes if not reason else 250
        correlation, attack = self._correlation(), attack_of(truth)
        agent = agent_of(caller_of(client, user), at, attack)
        event = CallDecided(
            at=Instant(self.start + at),
            correlation=correlation,
            trace="",
            allowed=not reason,
            status=status or _STATUS.get(reason, _REFUSED),
            reason=reason,
            method=operation.method,
            path=path or operation.path,
            api="bank",
            version="v1",
            operation=operation.name,
            client=client,
            user=user,
            grant=grant,
            network=network,
            agent=agent.digest,
            agent_class=agent.kind,
            object=object_of(path or operation.path, user, correlation if attack else ""),
            payee=payee,
            micros=int(self.rng.lognormvariate(8.5, 0.6)),
            response_bytes=size or int(usual * (0.5 + self.rng.random())),
        )
        return Told(at, event, truth)

    def token(
        self, at: float, network: str, who: tuple[str, str, str], reason: str = "", truth: Truth | None = None
    ) -> Told:
        """Tell of a token request."""
        client, user, grant = who
        event = TokenDecided(
            at=Instant(self.start + at),
            correlation=self._correlation(),
            endpoint="TOKEN",
            allowed=not reason,
            client=client,
            user=user,
            grant=grant,
            grant_type="refresh_token",
            reason=reason,
            network=network,
        )
        return Told(at, event, truth)

    def consent(self, at: float, who: tuple[str, str, str]) -> Told:
        """Tell of a consent that a customer gave."""
        client, user, grant = who
        event = ConsentMoved(
            at=Instant(self.start + at),
            correlation=self._correlation(),
            consent=f"consent-{grant}",
            state="Authorised",
            client=client,
            user=user,
            grant=grant,
        )
        return Told(at, event, None)
