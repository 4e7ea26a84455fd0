from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ringfence.attacks.forge import Key, opened
from ringfence.attacks.outcome import Attack
from ringfence.attacks.target import Holder, Target
from ringfence.clock import Instant
from ringfence.ids import system_random

NOW = Instant(1_800_000_000.0)
SERVER = Key.fresh()
VICTIM, READER, EXPIRED = Key.fresh(), Key.fresh(), Key.fresh()


def holder(name: str, key: Key, scope: str) -> Holder:
    claims = {"sub": "user_1", "client_id": name, "scope": scope, "exp": int(NOW) + 300}
    return Holder(name, SERVER.sign({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims), key)


@pytest.fixture
def target_of() -> Callable[[Callable[[httpx.Request], httpx.Response]], Target]:
    """Makes a target of a function that answers requests."""

    def make(answer: Callable[[httpx.Request], httpx.Response]) -> Target:
        return Target(
            http=httpx.Client(transport=httpx.MockTransport(answer)),
            accounts_url="https://bank.example/accounts",
            payments_url="https://bank.example/payments",
            payment={"Data": {"Initiation": {"InstructedAmount": {"Amount": "12.50", "Currency": "GBP"}}}, "Risk": {}},
            victim=holder("victim", VICTIM, "accounts payments"),
            payer=holder("victim", VICTIM, "payments"),
            reader=holder("reader", READER, "accounts"),
            expired=holder("expired", EXPIRED, "accounts"),
            issuer_keys={"keys": [SERVER.public_jwk | {"kid": "k1"}]},
            clock=lambda: NOW,
            random=system_random,
        )

    return make


@pytest.fixture
def recorded(target_of) -> Callable[[Attack], tuple[Target, list[httpx.Request]]]:
    """Runs an attack against an API that answers everything, and returns what it was sent."""

    def run(attack: Attack) -> tuple[Target, list[httpx.Request]]:
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200, json={})

        target = target_of(answer)
        attack.run(target)
        return target, seen

    return run


@pytest.fixture
def proofs() -> Callable[[list[httpx.Request]], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Reads the proofs in requests: header and claims of each."""
    return lambda seen: [opened(request.headers["dpop"]) for request in seen if "dpop" in request.headers]
