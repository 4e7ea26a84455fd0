"""What is revoked ends at the next call, at each worker: grant, session, client, customer, signing key.  FAPI 2.0 SP §5.3.4-3.

Each worker is asked by itself, over its own socket, right after the command has returned.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.partner import Partner, Tokens
from ringfence.demo.processes import Processes
from ringfence.ids import system_random

pytestmark = [pytest.mark.flow, pytest.mark.timeout(180)]

WORKERS = 2


class Direct(httpx.BaseTransport):
    """Straight to one worker, as the edge would come."""

    def __init__(self, socket: Path) -> None:
        self._inner = httpx.HTTPTransport(uds=str(socket))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fields = dict(request.headers) | {"x-ringfence-peer": "198.51.100.9", "x-ringfence-listener": "public"}
        plain = httpx.Request(
            request.method, request.url.copy_with(scheme="http"), headers=fields, stream=request.stream
        )
        return self._inner.handle_request(plain)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An installation that may be broken."""
    directory = tmp_path_factory.mktemp("ends")
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes)


def command(own: Running, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ringfence", *words, "--policy", str(own.installation.policy)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def fresh(own: Running) -> Tokens:
    pushed = own.partner.push(("accounts",))
    return own.partner.redeem(own.customer.consent(own.partner.authorization_url(pushed)), pushed)


def answers(own: Running, tokens: Tokens) -> list[tuple[int, str]]:
    """Return what each worker says to a call with the token."""
    found = []
    for worker in range(WORKERS):
        socket = own.installation.directory / "state" / "run" / f"gw{worker}.sock"
        with httpx.Client(transport=Direct(socket)) as http:
            partner = Partner(own.partner.registration, own.partner.server, http, system_clock, system_random)
            response = partner.call("GET", own.installation.accounts_url, tokens)
            found.append((response.status_code, response.json().get("type", "")))
    return found


GOOD = [(200, "")] * WORKERS
REVOKED = [(401, "urn:ringfence:problem:token-revoked")] * WORKERS


def test_a_grant(own: Running) -> None:
    tokens = fresh(own)
    assert answers(own, tokens) == GOOD
    (newest, *_) = json.loads(command(own, "grants", "list", "--json"))
    command(own, "grants", "revoke", newest["grant_id"], "--why", "test")
    assert answers(own, tokens) == REVOKED


def test_a_session(own: Running) -> None:
    tokens = fresh(own)
    assert answers(own, tokens) == GOOD
    (session,) = json.loads(command(own, "sessions", "list", "--user", "amara", "--json"))
    ended = json.loads(command(own, "sessions", "end", session["session_id"], "--why", "telephone lost", "--json"))
    assert ended["ended"]
    assert answers(own, tokens) == REVOKED
    # what the customer has allowed goes on: by refresh, and in a new login
    assert answers(own, own.partner.refresh(tokens)) == GOOD
    assert answers(own, fresh(own)) == GOOD


def test_a_session_with_what_was_allowed_in_it(own: Running) -> None:
    tokens = fresh(own)
    (session,) = json.loads(command(own, "sessions", "list", "--json"))
    ended = json.loads(command(own, "sessions", "end", session["session_id"], "--with-grants", "--json"))
    assert ended["grants_revoked"]
    assert answers(own, tokens) == REVOKED


def test_the_customer_logs_out(own: Running) -> None:
    tokens = fresh(own)
    page = own.customer.open(f"{own.installation.issuer}/oauth/end-session")
    own.customer._browser.submit(page, page.forms["logout-form"], {}, "logout")
    assert answers(own, tokens) == REVOKED


def test_a_customer(own: Running) -> None:
    tokens = fresh(own)
    assert answers(own, tokens) == GOOD
    command(own, "users", "disable", "amara")
    assert answers(own, tokens) == REVOKED
    command(own, "users", "enable", "amara")
    assert answers(own, fresh(own)) == GOOD


def test_a_client(own: Running) -> None:
    tokens = fresh(own)
    assert answers(own, tokens) == GOOD
    command(own, "clients", "suspend", own.partner.registration.client_id)
    assert answers(own, tokens) == REVOKED
    command(own, "clients", "activate", own.partner.registration.client_id)
    assert answers(own, fresh(own)) == GOOD


def test_a_signing_key(own: Running) -> None:
    tokens = fresh(own)
    assert answers(own, tokens) == GOOD
    (key,) = json.loads(command(own, "token-keys", "list", "--json"))
    command(own, "token-keys", "revoke", key["kid"], "--why", "a copy was found", "--yes")
    assert answers(own, tokens) == REVOKED
    # also what it signs from now on
    assert answers(own, fresh(own)) == REVOKED
