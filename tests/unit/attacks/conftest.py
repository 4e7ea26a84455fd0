from collections.abc import Callable

import httpx
import pytest

from ringfence.attacks.forge import Key
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
            reader=holder("reader", READER, "accounts"),
            expired=holder("expired", EXPIRED, "accounts"),
            issuer_keys={"keys": [SERVER.public_jwk | {"kid": "k1"}]},
            clock=lambda: NOW,
            random=system_random,
        )

    return make
