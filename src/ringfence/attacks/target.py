"""What an attacker has: the addresses, what it stole or was given, and an HTTP client."""

from dataclasses import dataclass
from typing import Any

import httpx

from ringfence.attacks.forge import Key
from ringfence.clock import Clock
from ringfence.ids import Random, new_token

Fields = dict[str, str]


@dataclass(frozen=True)
class Holder:
    """Somebody's access token and the key that it is bound to."""

    name: str
    access_token: str
    key: Key


@dataclass(frozen=True)
class Target:
    """A running installation, seen from outside."""

    http: httpx.Client
    accounts_url: str
    """Answers GET with a token for accounts."""
    payments_url: str
    """Takes POST with a token for payments."""
    payment: dict[str, Any]
    """A payment that would be made if it were sent as it is."""
    victim: Holder
    """A partner that may read accounts and make payments."""
    payer: Holder
    """The victim, with a token for the payment that the customer has approved, and that has been made."""
    reader: Holder
    """Another partner, registered too, that may read accounts only."""
    expired: Holder
    """A partner whose token was good and no longer is."""
    issuer_keys: dict[str, Any]
    """The authorization server's published keys, `{"keys": [...]}`."""
    clock: Clock
    random: Random

    def proof(self, key: Key, method: str, url: str, token: str, **changed: Any) -> str:
        """Return a proof as the holder of `key` would make it, with some header members or claims changed."""
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk}
        claims = {
            "jti": new_token(self.random),
            "htm": method,
            "htu": url,
            "iat": int(self.clock()),
            "ath": Key.digest(token),
        }
        in_header = {name: changed.pop(name) for name in header.keys() & changed.keys()}
        return key.sign(header | in_header, claims | changed)

    def fields(self, holder: Holder, method: str, url: str) -> Fields:
        """Return the header fields of a call that the holder may make."""
        return presented(holder.access_token, self.proof(holder.key, method, url, holder.access_token))

    def pay(self, body: bytes) -> httpx.Response:
        """Send a payment's body with everything else in order."""
        fields = self.fields(self.payer, "POST", self.payments_url)
        return self.http.post(self.payments_url, content=body, headers=fields | {"content-type": "application/json"})


def presented(token: str, proof: str) -> Fields:
    """Return the fields that present a token with a proof.  RFC 9449 §7.1."""
    return {"authorization": f"DPoP {token}", "dpop": proof}
