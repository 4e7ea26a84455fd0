import httpx

from ringfence.demo.cast import HARBOUR, LAPWING, register_customer, register_partner
from ringfence.demo.installation import Installation
from ringfence.demo.ledger import Ledger
from ringfence.ids import system_random


class Management:
    def __init__(self):
        self.clients, self.users = [], []

    def add_client(self, client):
        self.clients.append(client)
        return f"client_{len(self.clients)}"

    def add_user(self, *user):
        self.users.append(user)
        return "user_1"


def test_a_partner_registers_its_public_key_only():
    management = Management()
    registered = register_partner(HARBOUR, management)
    sent = management.clients[0]
    assert set(sent["jwks"]["keys"][0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert sent["jwks"]["keys"][0]["kid"] == registered.assertion_key.thumbprint()
    assert sent["redirect_uris"] == [registered.redirect_uri]
    assert registered.dpop_key.thumbprint() != registered.assertion_key.thumbprint()
    assert register_partner(LAPWING, management).client_id == "client_2"
    assert [client["access_token_seconds"] for client in management.clients] == [0, LAPWING.access_token_seconds]


def test_the_bank_knows_the_customer_that_logs_in(tmp_path, now):
    installation = Installation(tmp_path, 1, 2, 3)
    installation.ledger.parent.mkdir()
    with Ledger(installation.ledger) as ledger:
        ledger.seed(now)
        assert ledger.accounts("user_1") == []
    management = Management()
    customer, password = register_customer(installation, management, httpx.Client(), system_random)
    assert management.users == [(customer.username, password, "Amara Okafor")]
    with Ledger(installation.ledger) as ledger:
        assert len(ledger.accounts("user_1")) == 2
