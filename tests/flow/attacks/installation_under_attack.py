"""A running installation with an API of our own behind it, whose server records and misbehaves on demand."""

import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import HARBOUR, KESTREL, register_customer, register_partner
from ringfence.demo.installation import Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.partner import Partner, Tokens, discover
from ringfence.demo.processes import Processes
from ringfence.ids import system_random

BASE = "/probe/v1"

API = """
  - name: probe
    versions:
      - name: v1
        openapi: probe.json
        base_path: /probe/v1
        upstream: {url: "http://127.0.0.1:%d/inner", timeout_seconds: 2, idle_timeout_seconds: 2, connect_timeout_seconds: 1}
        defaults: {scopes: [accounts], limits: [partner], max_body_bytes: 16384}
        operations:
          export: {expose: false}
          secret: {scopes: [payments]}
          narrow: {limits: [narrow]}
"""


def _text(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string", **schema}}


_OK = {"responses": {"200": {"description": "fine"}}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["amount"],
                    "properties": {"amount": {"type": "string"}, "n": {"type": "number"}, "note": {"type": "string"}},
                }
            },
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
            },
        },
    }
}
_QUERY = [
    _text("q", "query", maxLength=40),
    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}},
    {"name": "size", "in": "query", "schema": {"type": "number"}},
    {"name": "tags", "in": "query", "schema": {"type": "array", "maxItems": 3, "items": {"type": "string", "pattern": "^[a-z]+$"}}},
    {"name": "point", "in": "query", "explode": False, "schema": {"type": "object", "properties": {"x": {"type": "integer", "maximum": 9}}}},
    _text("x-digits", "header", pattern="^[0-9]+$"),
]  # fmt: skip

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Probe", "version": "1"},
    "security": [{"token": []}],
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/things": {"get": {"operationId": "things", "parameters": _QUERY, **_OK}, "post": {"operationId": "make", **_BODY, **_OK}},
        "/things/{id}": {"get": {"operationId": "thing", "parameters": [_text("id", "path")], **_OK}},
        "/things/export": {"get": {"operationId": "export", **_OK}},
        "/things/secret": {"get": {"operationId": "secret", **_OK}},
        "/things/{id}/parts/{part}": {"get": {"operationId": "part", "parameters": [_text("id", "path"), _text("part", "path")], **_OK}},
        "/raw/{name}": {
            "get": {"operationId": "raw", "parameters": [_text("name", "path")], **_OK},
            "head": {"operationId": "rawhead", "parameters": [_text("name", "path")], **_OK},
            "post": {"operationId": "rawpost", "parameters": [_text("name", "path")], **_BODY, **_OK},
        },
        "/narrow": {"get": {"operationId": "narrow", **_OK}},
    },
}  # fmt: skip


class HostileUpstream:
    """Reads requests as they come, keeps their bytes, and answers `/raw/NAME` by whatever was put under NAME."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.answers: dict[str, Callable[[socket.socket], None]] = {}
        self.open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, name: str, how: bytes | Callable[[socket.socket], None]) -> str:
        """Set what `/raw/NAME` answers, and return its path."""
        self.answers[name] = (lambda peer: peer.sendall(how)) if isinstance(how, bytes) else how
        return f"{BASE}/raw/{name}"

    def heads(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Request lines and fields seen."""
        found = []
        for raw in self.seen:
            line, *fields = raw.partition(b"\r\n\r\n")[0].decode("latin1").split("\r\n")
            found.append((line, [(n.lower(), v.strip()) for n, _, v in (f.partition(":") for f in fields)]))
        return found

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.open.add(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        held = b""
        try:
            while True:
                while b"\r\n\r\n" not in held:
                    piece = peer.recv(65536)
                    if not piece:
                        return
                    held += piece
                head, _, held = held.partition(b"\r\n\r\n")
                found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                length = int(found[1]) if found else 0
                while len(held) < length:
                    piece = peer.recv(65536)
                    if not piece:
                        return
                    held += piece
                body, held = held[:length], held[length:]
                self.seen.append(head + b"\r\n\r\n" + body)
                target = head.split(b" ")[1].decode("latin1").partition("?")[0]
                custom = self.answers.get(target.rpartition("/")[2]) if "/raw/" in target else None
                if custom is not None:
                    custom(peer)
                else:
                    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
        except OSError:
            return
        finally:
            self.open.discard(peer)
            peer.close()


@dataclass
class Answer:
    """A response as it came over the wire."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    rest: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def reason(self) -> str:
        """The reason in a problem document, `""` where it is none."""
        if self.header("content-type") != "application/problem+json":
            return ""
        return json.loads(self.body)["type"].rpartition(":")[2] if self.body else ""

    @property
    def correlation(self) -> str:
        return str(json.loads(self.body)["correlation_id"])


def parse(data: bytes, *, head_only: bool = False) -> Answer:
    """Read one response; what follows it is `rest`."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        return Answer(rest=data)
    line, *fields = head.decode("latin1").split("\r\n")
    answer = Answer(int(line.split(" ")[1]), [(n.lower(), v.strip()) for n, _, v in (f.partition(":") for f in fields)])
    if head_only:
        answer.rest = rest
    elif answer.header("transfer-encoding") == "chunked":
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            count = int(size or b"0", 16)
            answer.body += rest[:count]
            rest = rest[count + 2 :]
            if not count:
                break
        answer.rest = rest
    else:
        length = int(answer.header("content-length") or 0)
        answer.body, answer.rest = rest[:length], rest[length:]
    return answer


@dataclass
class Target:
    """Everything an attacker meets, and what only we can see."""

    installation: Installation
    upstream: HostileUpstream
    partner: Partner
    tokens: Tokens
    other: Partner
    other_tokens: Tokens
    management: Management
    refused: list[str] = field(default_factory=list)
    """Correlation ids of refusals seen, until `check_records` has found them in the event stream."""
    _position: int = 0
    _recorded: Counter[str] = field(default_factory=Counter)
    """How often each correlation id was met in the event stream."""

    @property
    def host(self) -> str:
        return f"localhost:{self.installation.public_port}"

    def connect(self, alpn: str = "http/1.1", port: int = 0) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.installation.authority)
        context.set_alpn_protocols([alpn])
        plain = socket.create_connection(("127.0.0.1", port or self.installation.public_port), timeout=8)
        return context.wrap_socket(plain, server_hostname="localhost")

    def raw(self, data: bytes, *, wait: float = 5.0, until_close: bool = False) -> Answer:
        """Send bytes to the edge over TLS and read what comes."""
        with self.connect() as peer:
            return _exchange(peer, data, wait, until_close=until_close)

    def worker(self, data: bytes, number: int = 0, *, wait: float = 5.0, until_close: bool = False) -> Answer:
        """Send bytes to a worker's own socket, as an edge that lets everything through would."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(8)
            peer.connect(str(self.installation.directory / f"state/run/gw{number}.sock"))
            return _exchange(peer, data, wait, until_close=until_close)

    def credentials(self, method: str, path: str, *, host: str = "") -> bytes:
        """The header lines of a good call."""
        url = f"https://{host or self.host}{path.partition('?')[0]}"
        proof = self.partner.proof(method, url, self.tokens.access_token)
        return f"Authorization: DPoP {self.tokens.access_token}\r\nDPoP: {proof}\r\n".encode()

    def request(
        self, method: str, path: str, *lines: bytes, body: bytes = b"", host: str = "", proof_path: str = ""
    ) -> bytes:
        """A request with good credentials, and whatever else is put into it."""
        head = [f"{method} {path} HTTP/1.1\r\nHost: {host or self.host}\r\n".encode("latin1")]
        head.append(self.credentials(method, proof_path or path, host=host))
        head += [line + b"\r\n" for line in lines]
        framed = re.search(rb"(?im)^(content-length|transfer-encoding)", b"\n".join(lines))
        if body and not framed:
            head.append(b"Content-Length: %d\r\n" % len(body))
        return b"".join(head) + b"\r\n" + body

    def get(self, path: str, *lines: bytes) -> Answer:
        return self.raw(self.request("GET", path, *lines))

    def calls(self) -> int:
        """How many requests reached the upstream."""
        return len(self.upstream.seen)

    def events(self, kind: str = "call.decided.v1", *, wait_for: str = "", within: float = 4.0) -> list[dict[str, Any]]:
        """Events since the last time this was asked for; with `wait_for`, until that correlation id is among them."""
        found: list[dict[str, Any]] = []
        until = time.monotonic() + within
        while True:
            while page := self._page():
                self._position = page[-1]["position"]
                found += [row["event"] for row in page]
                # what detection makes of an event has that event's correlation
                own = (row["event"] for row in page if not row["event"]["event"].startswith(("alert.", "block.")))
                self._recorded.update(event.get("correlation", "") for event in own)
            if not wait_for or any(e.get("correlation") == wait_for for e in found) or time.monotonic() > until:
                return [event for event in found if event["event"] == kind]
            time.sleep(0.05)

    def event_of(self, correlation: str) -> dict[str, Any]:
        """The one event of a call."""
        found = [e for e in self.events(wait_for=correlation) if e["correlation"] == correlation]
        assert len(found) == 1, (correlation, found)
        return found[0]

    def check_refused(self, answer: Answer, status: int, reason: str) -> None:
        """Hold that an answer is a refusal as it must be, and tells nothing of what stands behind us."""
        assert (answer.status, answer.reason) == (status, reason), answer
        assert json.loads(answer.body)["status"] == status
        assert answer.header("x-correlation-id") == answer.correlation
        assert answer.header("cache-control") == "no-store"
        told = f"{answer.headers}{answer.body.decode()}".lower()
        for secret in ("traceback", "envoy", "llhttp", "/inner", "unix", "sock", str(self.upstream.port), "python"):
            assert secret not in told, told
        self.refused.append(answer.correlation)

    def events_where(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest event that fits, among those from now on and those not asked for yet."""
        found: list[dict[str, Any]] = []
        until = time.monotonic() + 5
        while not found:
            assert time.monotonic() < until
            found = [event for event in self.events() if fits(event)]
            time.sleep(0.05)
        return found[-1]

    def check_records(self, within: float = 5) -> None:
        """Hold that each refusal seen is in the event stream, once."""
        expected, self.refused = self.refused, []
        until = time.monotonic() + within
        while time.monotonic() < until and any(not self._recorded[one] for one in expected):
            self.events()
            time.sleep(0.1)
        assert {one: self._recorded[one] for one in expected if self._recorded[one] != 1} == {}

    def _page(self) -> list[dict[str, Any]]:
        params = {"after": str(self._position), "limit": "1000"}
        return list(self.management._call("GET", "/events", params=params)["items"])

    def worker_pid(self, number: int) -> int:
        needle = str(self.installation.directory).encode()
        for entry in Path("/proc").iterdir():
            try:
                parts = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"gateway-{number}".encode() in parts and any(needle in part for part in parts):
                return int(entry.name)
        raise AssertionError(f"gateway-{number} does not run")

    def worker_memory(self) -> int:
        """Resident bytes of both workers together."""
        total = 0
        for number in (0, 1):
            status = Path(f"/proc/{self.worker_pid(number)}/status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]
        return total


def _exchange(peer: socket.socket, data: bytes, wait: float, *, until_close: bool) -> Answer:
    received = b""
    until = time.monotonic() + wait
    try:
        peer.sendall(data)
        while time.monotonic() < until:
            peer.settimeout(max(0.01, until - time.monotonic()))
            piece = peer.recv(65536)
            if not piece:
                break
            received += piece
            if not until_close and _whole(received):
                break
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return parse(received)


def _whole(received: bytes) -> bool:
    head, mark, rest = received.partition(b"\r\n\r\n")
    if not mark:
        return False
    if head.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
        return _whole(rest)
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        return rest.endswith(b"0\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return len(rest) >= int(length[1]) if length else True


def begin(directory: Path, processes: Processes, upstream: HostileUpstream) -> Target:
    """Write policy and document, start everything, and get both partners their tokens."""
    installation = write_installation(directory, system_clock(), create_keys)
    text = installation.policy.read_text()
    text = re.sub(r"rate_per_second: \d+, burst: \d+", "rate_per_second: 100000, burst: 100000", text)
    text = text.replace("\nlimits:\n", "\nlimits:\n  narrow: {per: client, rate_per_second: 0.2, burst: 3}\n")
    text = text.replace("\non_outage:", API % upstream.port + "\non_outage:")
    installation.policy.write_text(text)
    (directory / "probe.json").write_text(json.dumps(DOCUMENT))
    start(installation, processes)
    management = Management(installation.admin_socket)
    http, browser = installation.http(), installation.http()
    server = discover(http, installation.issuer)
    partner, other = (
        Partner(register_partner(part, management), server, http, system_clock, system_random)
        for part in (HARBOUR, KESTREL)
    )
    customer, _ = register_customer(installation, management, browser, system_random)
    tokens = []
    for who, scopes in ((partner, ("accounts",)), (other, ("accounts",))):
        pushed = who.push(scopes)
        tokens.append(who.redeem(customer.consent(who.authorization_url(pushed)), pushed))
    return Target(installation, upstream, partner, tokens[0], other, tokens[1], management)
