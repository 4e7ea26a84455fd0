"""Keep the demonstration running: files for calling it with curl, and a token that is kept fresh."""

import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ringfence.demo.cast import Cast
from ringfence.demo.installation import Installation
from ringfence.demo.partner import Partner, Tokens
from ringfence.demo.story import READING, approved_payment, payment
from ringfence.ids import Random, new_id

REFRESH_PART: Final = 0.5
"""When a token is replaced, as a part of its life."""


@dataclass(frozen=True)
class Kept:
    """A partner's key and token on disk, for `ringfence proof` and curl."""

    key: Path
    token: Path
    payment: Path
    """A payment's body."""


def let_in_again(cast: Cast) -> Tokens:
    """Let the customer allow Harbour Pay once more, after the story has revoked it, and approve one more payment.

    The next code of the customer's authenticator may be half a minute away.
    """
    return approved_payment(cast, READING)


def write_kept(directory: Path, partner: Partner, tokens: Tokens) -> Kept:
    """Write the partner's DPoP key and access token, readable by their owner only."""
    kept = Kept(directory / "partner.key", directory / "partner.token", directory / "payment.json")
    for path, content in (
        (kept.key, partner.registration.dpop_key.as_pem(private=True)),
        (kept.token, tokens.access_token.encode("ascii")),
        (kept.payment, msgspec.json.encode(payment())),
    ):
        path.touch(mode=0o600)
        path.write_bytes(content)
    return kept


def keep_fresh(partner: Partner, tokens: Tokens, kept: Kept, stop: threading.Event) -> None:
    """Replace the access token on disk before it expires, until told to stop.

    Raises:
        Unexpected: the grant is gone, so that there is nothing to keep fresh.
    """
    while not stop.wait(tokens.seconds * REFRESH_PART):
        tokens = partner.refresh(tokens)
        kept.token.write_text(tokens.access_token, "ascii")


def ringfence_command() -> str:
    """Return how to type `ringfence` here: its name where it is on the path, else the interpreter and the module."""
    return "ringfence" if shutil.which("ringfence") else f"{sys.executable} -m ringfence"


def how_to_call(installation: Installation, kept: Kept, random: Random) -> list[tuple[str, str]]:
    """Return commands to paste, each with what it shows."""
    curl = f"curl -s --cacert {installation.authority}"

    def protected(method: str, url: str, more: str = "") -> str:
        proof = f"{ringfence_command()} proof --key {kept.key} --token {kept.token} --method {method} --url {url}"
        return f'{curl} -H "Authorization: DPoP $(cat {kept.token})" -H "DPoP: $({proof})"{more} {url}'

    more = (
        f" -H 'Content-Type: application/json' -H 'x-idempotency-key: {new_id('curl', random)}' --data @{kept.payment}"
    )
    return [
        (
            "What the authorization server says about itself",
            f"{curl} {installation.issuer}/.well-known/oauth-authorization-server",
        ),
        ("A call without a token, refused with its reason", f"{curl} -i {installation.accounts_url}"),
        ("The customer's accounts, with a fresh proof each time", protected("GET", installation.accounts_url)),
        (
            "The payment that the customer has approved, which goes through once",
            protected("POST", installation.payments_url, more),
        ),
        (
            "What the customer has allowed, and to whom",
            f"{ringfence_command()} grants list --policy {installation.policy}",
        ),
        ("What was decided of each call, and why", f"{ringfence_command()} events list --policy {installation.policy}"),
    ]
