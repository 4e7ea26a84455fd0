"""The authorization server and the management API behind the real edge: races, restarts, modes, and what is written down."""

import contextlib
import os
import re
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from installation_under_attack import Target

from ringfence.clock import system_clock
from ringfence.demo.customer import Browser, Customer
from ringfence.demo.partner import ASSERTION_TYPE, Partner, Pushed, Tokens, Unexpected
from ringfence.ids import new_token, system_random

pytestmark = pytest.mark.flow

AT_ONCE = 30


class Person:
    """A customer of our own, who logs in once for all tests: guesses from one network are counted."""

    def __init__(self, target: Target) -> None:
        self.username, self.password = f"person-{secrets.token_hex(4)}", new_token(system_random)
        target.management.add_user(self.username, self.password, "Person")
        self.http = target.installation.http()
        self.customer = Customer(self.username, self.password, Browser(self.http))


@pytest.fixture(scope="module")
def person(target: Target) -> Person:
    return Person(target)


def visit(target: Target, person: Person) -> tuple[Pushed, str, str]:
    """Let the customer allow something: the request, where the browser came back to, and the grant."""
    before = {grant["grant_id"] for grant in target.management.grants(target.partner.registration.client_id)}
    pushed = target.partner.push(("accounts",))
    back = person.customer.consent(target.partner.authorization_url(pushed))
    after = {grant["grant_id"] for grant in target.management.grants(target.partner.registration.client_id)}
    (grant,) = after - before
    return pushed, back, grant


def another(target: Target) -> Partner:
    """The same partner on a connection of its own."""
    partner = target.partner
    return Partner(partner.registration, partner.server, target.installation.http(), system_clock, system_random)


def at_once(what: Callable[[int], int | str]) -> Counter[int | str]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(what, range(AT_ONCE)))


def test_one_assertion_and_one_proof_in_thirty_requests_at_once(target: Target) -> None:
    partner, url = target.partner, target.partner.server.token
    clients = [target.installation.http() for _ in range(AT_ONCE)]
    form = {"client_assertion_type": ASSERTION_TYPE, "grant_type": "refresh_token"}
    form["refresh_token"] = target.tokens.refresh_token
    assertion = partner._assertion()
    codes = at_once(
        lambda n: (
            clients[n]
            .post(url, data=form | {"client_assertion": assertion}, headers={"dpop": partner.proof("POST", url)})
            .status_code
        )
    )
    assert codes == {200: 1, 401: AT_ONCE - 1}
    proof = partner.proof("POST", url)
    codes = at_once(
        lambda n: (
            clients[n]
            .post(url, data=form | {"client_assertion": partner._assertion()}, headers={"dpop": proof})
            .status_code
        )
    )
    assert codes == {200: 1, 400: AT_ONCE - 1}


def test_one_code_in_thirty_requests_at_once_gives_one_token_which_then_ends(target: Target, person: Person) -> None:
    pushed, back, _ = visit(target, person)
    partners = [another(target) for _ in range(AT_ONCE)]
    won: list[Tokens] = []

    def redeem(number: int) -> str:
        try:
            won.append(partners[number].redeem(back, pushed))
        except Unexpected as refused:
            return re.search(r'"error":"(\w+)"', str(refused))[1]  # type: ignore[index]
        return "won"

    outcomes = at_once(redeem)
    assert outcomes["won"] <= 1
    assert outcomes["won"] + outcomes["invalid_grant"] == AT_ONCE
    for tokens in won:
        assert target.partner.call("GET", target.installation.accounts_url, tokens).status_code == 401
        with pytest.raises(Unexpected, match="invalid_grant"):
            target.partner.refresh(tokens)


@pytest.mark.parametrize("how", ["redeem", "refresh"])
def test_no_token_that_works_comes_out_of_a_grant_that_is_being_revoked(
    target: Target, person: Person, how: str
) -> None:
    partner = another(target)
    for number in range(8):
        pushed, back, grant = visit(target, person)
        tokens = partner.redeem(back, pushed) if how == "refresh" else None

        def ask(pushed: Pushed = pushed, back: str = back, tokens: Tokens | None = tokens) -> Tokens | None:
            with contextlib.suppress(Unexpected):
                return partner.refresh(tokens) if tokens else partner.redeem(back, pushed)
            return None

        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask)
            time.sleep(number * 0.001)
            target.management.revoke_grant(grant)
            came = asked.result()
        for held in (came, tokens):
            if held is not None:
                assert target.partner.call("GET", target.installation.accounts_url, held).status_code == 401


def test_the_authorization_server_may_die_between_any_two_steps(target: Target, person: Person) -> None:
    def kill() -> None:
        pid = _role(target, "oauth")
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(AssertionError, httpx.TransportError):
                answer = person.http.get(target.partner.server.jwks)
                if _role(target, "oauth") != pid and answer.status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("it did not come back")

    pushed = target.partner.push(("accounts",))
    page = person.customer.log_in(person.customer.open(target.partner.authorization_url(pushed)))
    kill()
    back = person.customer.allow(page)
    kill()
    tokens = target.partner.redeem(back, pushed)
    assert target.partner.call("GET", target.installation.accounts_url, tokens).status_code == 200
    with pytest.raises(Unexpected, match="invalid_grant"):
        target.partner.redeem(back, pushed)
    assert target.partner.call("GET", target.installation.accounts_url, tokens).status_code == 401


@pytest.mark.parametrize("planted", ["evil", "x\r\nset-cookie: a=b", "ü\u2028"])
def test_a_stranger_s_parameter_does_not_come_back_in_the_redirect(target: Target, planted: str) -> None:
    pushed = target.partner.push(("accounts",))
    url = httpx.URL(target.partner.authorization_url(pushed)).copy_add_param("request", planted)
    answer = target.installation.http().get(url)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["request"] == [pushed.request_uri.rpartition(":")[2]]


def test_every_answer_says_how_it_may_be_kept_and_none_is_for_other_sites(target: Target) -> None:
    http, issuer = target.installation.http(), target.installation.issuer
    fields = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for path in (
        "token",
        "par",
        "introspect",
        "revoke",
        "userinfo",
        "authorize",
        "interaction",
        "login",
        "consent",
        "x",
    ):
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "TRACE"):
            answer = http.request(method, f"{issuer}/oauth/{path}", headers=fields)
            assert answer.status_code in range(400, 416), (method, path)
            assert answer.headers["cache-control"] == "no-store", (method, path)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert "traceback" not in answer.text.lower()
    for host in ("evil.example", f"localhost:{target.installation.public_port}.evil.example"):
        for more in ({}, {"x-forwarded-host": host}, {"forwarded": f"host={host}"}):
            answer = http.get(f"{issuer}/.well-known/oauth-authorization-server", headers={"host": host, **more})
            assert "evil" not in answer.text


def test_every_file_and_socket_is_its_owner_s(target: Target) -> None:
    root = target.installation.directory
    opened = [
        f"{stat.filemode(path.lstat().st_mode)} {path}"
        for part in ("state", "keys")
        for path in (root / part, *(root / part).rglob("*"))
        if not path.is_symlink() and path.lstat().st_mode & 0o077
    ]
    assert opened == []
    assert [path for path in root.rglob("*.key") if path.stat().st_mode & 0o077] == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("name", ["admin", "oauth", "gw0", "edge"])
def test_another_user_of_the_machine_reaches_no_socket(target: Target, name: str) -> None:
    script = "import os, socket; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    script += f"socket.socket(socket.AF_UNIX).connect('run/{name}.sock')"
    command = [sys.executable, "-S", "-c", script]
    ran = subprocess.run(
        command, check=False, cwd=target.installation.directory / "state", capture_output=True, text=True
    )
    assert "PermissionError" in ran.stderr, ran.stderr


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /clients/../users HTTP/1.1", 404),
        (b"GET /clients/%2e%2e%2fusers HTTP/1.1", 404),
        (b"GET /clients/%00 HTTP/1.1", 404),
        (b"GET /clients/%ff HTTP/1.1", 404),
        (b"GET /clients/ HTTP/1.1", 404),
        (b"GET /grants?limit=99999999999999999999 HTTP/1.1", 400),
        (b"PUT /clients HTTP/1.1", 405),
        (b"POST /clients HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 3\r\nx: y\r\n\r\nnul", 400),
    ],
)
def test_odd_requests_to_the_management_api(target: Target, line: bytes, status: int) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5)
        peer.connect(str(target.installation.admin_socket))
        head, mark, body = line.partition(b"\r\n\r\n")
        peer.sendall(head + b"\r\nhost: m\r\nconnection: close\r\n\r\n" + (body if mark else b""))
        answer = b""
        while piece := peer.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"application/problem+json" in answer
    assert b"cache-control: no-store" in answer.lower()


def test_no_secret_is_written_down_or_seen_by_other_processes(target: Target) -> None:
    person = Person(target)
    wrong = f"typed-{secrets.token_hex(8)}"
    pushed = target.partner.push(("accounts", "payments"))
    page = person.customer.open(target.partner.authorization_url(pushed))
    with pytest.raises(Unexpected):
        Customer(person.password, wrong, Browser(person.http)).log_in(page)
    back = person.customer.consent(target.partner.authorization_url(pushed))
    tokens = target.partner.redeem(back, pushed)
    again = target.partner.refresh(tokens)
    target.partner.call("GET", target.installation.accounts_url, again)
    with pytest.raises(Unexpected):
        target.partner.redeem(back, pushed)
    private = target.partner.registration.assertion_key.as_dict(private=True)["d"]
    secret = {
        "access token": again.access_token,
        "its signature": tokens.access_token[-40:],
        "refresh token": tokens.refresh_token,
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "verifier": pushed.verifier,
        "request_uri": pushed.request_uri.rpartition(":")[2],
        "password": person.password,
        "wrong password": wrong,
        "client's key": private,
        **{f"cookie {name}": value.partition(".")[0] for name, value in person.http.cookies.items()},
    }
    time.sleep(1)  # until the events have been shipped
    places = {path: path.read_bytes() for path in target.installation.directory.rglob("*") if path.is_file()}
    for pid in (entry for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            if str(target.installation.directory).encode() in (pid / "cmdline").read_bytes():
                places |= {pid / what: (pid / what).read_bytes() for what in ("cmdline", "environ")}
    found = [
        (what, str(path))
        for path, content in places.items()
        for what, value in secret.items()
        if value.encode() in content
    ]
    assert found == []
    hashes = [path for path, content in places.items() if b"$argon2" in content]
    assert {path.name.partition("-")[0] for path in hashes} <= {"records.db"}
    keys = [path for path, content in places.items() if b"PRIVATE KEY" in content]
    assert {path.suffix for path in keys} <= {".key", ".pem"}


def _role(target: Target, name: str) -> int:
    needle = f"{target.installation.directory}/state/".encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            parts = (entry / "cmdline").read_bytes().split(b"\0")
            if name.encode() in parts and any(needle in part for part in parts):
                return int(entry.name)
    raise AssertionError(f"{name} does not run")
