"""A real Envoy in front of small real workers on unix sockets."""

import asyncio
import contextlib
import json
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates, issue_client_certificate
from ringfence.edge.process import envoy_command, wait_ready, write_config
from ringfence.edge.render import EdgeConfig, render
from ringfence.policy.model import (
    Api,
    ApiVersion,
    ClientCertificates,
    Listener,
    Listeners,
    MtlsListener,
    OnOutage,
    Policy,
    Tls,
    Upstream,
)
from ringfence.policy.places import Places, places

ISSUER_PATHS = ("/token", "/pages/*")


class Worker(socketserver.ThreadingUnixStreamServer):
    """Answers every call with what it saw; `slow` paths take a while; `kill` cuts everything at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.calls = 0
        self.open: set[socket.socket] = set()
        path.unlink(missing_ok=True)
        super().__init__(str(path), Echo)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def process_request(self, request, client_address) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address) -> None:
        """A cut connection is what these tests are about."""

    def kill(self) -> None:
        self.shutdown()
        self.server_close()
        Path(str(self.server_address)).unlink(missing_ok=True)
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False  # a unix socket has none

    def answer(self) -> None:
        worker = self.server
        assert isinstance(worker, Worker)
        worker.calls += 1
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path.startswith("/slow"):
            time.sleep(0.8)
        seen = {
            "worker": worker.name,
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": body.decode("latin1"),
        }
        content = json.dumps(seen).encode()
        self.send_response(503 if self.path.startswith("/busy") else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-envoy-upstream-service-time", "1")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_TRACE = answer  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self):
        return json.loads(self.body)

    @property
    def seen(self) -> dict[str, str]:
        """The header fields that the worker got."""
        return {name: value for name, value in self.json()["headers"]}  # noqa: C416 - a pair is a list in JSON


class Edge:
    """One Envoy with its policy, workers and certificates."""

    def __init__(self, root: Path, policy: Policy, certificates: Path) -> None:
        self.root = root
        self.policy = policy
        self.certificates = certificates
        self.places: Places = places(policy, root)
        self.process: subprocess.Popen[bytes] | None = None
        self.workers: list[Worker] = []

    @property
    def config(self) -> EdgeConfig:
        return render(self.policy, self.places, ISSUER_PATHS)

    def start(self) -> None:
        write_config(self.config, self.places)
        self.workers = [self.worker(number) for number in range(self.policy.gateway.workers)]
        self.workers.append(Worker("oauth", self.places.oauth_socket))
        self.launch()
        asyncio.run(wait_ready(self.config, self.places))

    def launch(self) -> None:
        command = envoy_command(self.places, 1)
        self.process = subprocess.Popen(command, stderr=(self.root / "envoy.log").open("wb"))

    def worker(self, number: int) -> Worker:
        return Worker(f"gw{number}", self.places.gateway_socket(number))

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
        for worker in self.workers:
            worker.kill()

    @property
    def public(self) -> int:
        return self.policy.listeners.public.port

    @property
    def mtls(self) -> int:
        assert self.policy.listeners.mtls is not None
        return self.policy.listeners.mtls.port

    def context(self, client: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        if client:
            context.load_cert_chain(self.certificates / f"{client}.pem", self.certificates / f"{client}.key")
        return context

    def connect(self, port: int | None = None, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", port or self.public), timeout=5)
        return (context or self.context()).wrap_socket(plain, server_hostname="localhost")

    def raw(self, data: bytes, port: int | None = None, client: str = "") -> Answer:
        """Send exactly these bytes on a new connection and read one answer."""
        with self.connect(port, self.context(client)) as connection:
            connection.sendall(data)
            return read_answer(connection)

    def get(self, path: str, *fields: str, port: int | None = None, client: str = "", method: str = "GET") -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""]
        return self.raw("\r\n".join(lines).encode("latin1"), port, client)


def read_answer(connection: ssl.SSLSocket) -> Answer:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65_536)):
            raise ConnectionError(f"closed after {data!r}")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = int(dict(headers).get("content-length", "0"))
    while len(body) < length:
        body += connection.recv(65_536)
    return Answer(int(status.split()[1]), headers, body)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs")
    create_development_certificates(directory, ["localhost", "127.0.0.1"], system_clock())
    issue_client_certificate(directory, "partner", system_clock())
    issue_client_certificate(directory, "alone", system_clock(), self_signed=True)
    other = tmp_path_factory.mktemp("other")
    create_development_certificates(other, ["localhost"], system_clock())
    for path in issue_client_certificate(other, "stranger", system_clock()):
        path.rename(directory / path.name)
    (other / "ca.pem").rename(directory / "strangers.pem")
    return directory


@contextlib.contextmanager
def edges_of(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Callable[..., Edge]]:
    """Stops what it started: each Envoy takes about eight of the 128 inotify instances that a user has."""
    edges: list[Edge] = []

    def start(*, minimum="1.3", self_signed=True, http3=False, started=True, workers=2) -> Edge:
        root = tmp_path_factory.mktemp("e")
        tls = Tls(certificate=str(certificates / "server.pem"), key=str(certificates / "server.key"), minimum=minimum)
        public = Listener(
            address="127.0.0.1",
            port=free_port(),
            udp_port=free_port(socket.SOCK_DGRAM) if http3 else None,
            tls=tls,
        )
        accepted = ClientCertificates(authorities=(str(certificates / "ca.pem"),), self_signed=self_signed)
        mtls = MtlsListener(address="127.0.0.1", port=free_port(), tls=tls, client_certificates=accepted)
        upstream = Upstream(url="http://127.0.0.1:9")
        policy = Policy(
            version=1,
            issuer="https://localhost",
            listeners=Listeners(public=public, mtls=mtls),
            apis=(Api(name="bank", versions=(ApiVersion(name="v1", openapi="bank.yaml", upstream=upstream),)),),
            on_outage=OnOutage(fast_state="refuse", records="refuse", events="refuse", upstream="refuse"),
        )
        policy = msgspec.structs.replace(policy, gateway=msgspec.structs.replace(policy.gateway, workers=workers))
        edge = Edge(root, policy, certificates)
        edges.append(edge)
        if started:
            edge.start()
        return edge

    try:
        yield start
    finally:
        for edge in edges:
            edge.stop()


@pytest.fixture
def start_edge(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Callable[..., Edge]]:
    """Start an edge; keywords: `minimum` of TLS, `self_signed`, `http3`, `started`, `workers`."""
    with edges_of(tmp_path_factory, certificates) as start:
        yield start


@pytest.fixture
def in_thread() -> Callable[..., asyncio.Future]:
    """Run something that blocks beside the test's event loop; awaited or kept for later."""

    def run(call, *args, **kwargs) -> asyncio.Future:
        return asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))

    return run


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Edge]:
    with edges_of(tmp_path_factory, certificates) as start:
        yield start(http3=True)
