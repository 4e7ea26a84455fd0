"""Write a complete installation for the demonstration, start it, and wait until it serves."""

import re
import shutil
import socket
import ssl
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Final

import httpx

from ringfence.clock import Instant
from ringfence.demo.ledger import Ledger
from ringfence.demo.processes import Processes
from ringfence.policy.places import Places

HOSTS: Final = ("localhost", "127.0.0.1")

START_SECONDS: Final = 30.0
"""How long everything may take to start; it takes about three seconds."""

CALL_SECONDS: Final = 10.0

_WORKER_CALLS: Final = re.compile(r"^gateway::\S*/(gw[0-9]+)\.sock::rq_total::([0-9]+)$", re.MULTILINE)
"""A line of Envoy's `/clusters`."""

CreateKeys = Callable[[Places, Path, Sequence[str], str, Instant], None]
"""Writes an authority and a server certificate into a directory, and the signing key where it belongs."""


@dataclass(frozen=True)
class Installation:
    """Where everything lies and is reached."""

    directory: Path
    public_port: int
    mtls_port: int
    bank_port: int

    @property
    def issuer(self) -> str:
        """The authorization server."""
        return f"https://localhost:{self.public_port}"

    @property
    def accounts_url(self) -> str:
        """The list of accounts, through Ringfence."""
        return f"{self.issuer}/open-banking/v4.0/aisp/accounts"

    @property
    def payments_url(self) -> str:
        """Domestic payments, through Ringfence."""
        return f"{self.issuer}/open-banking/v4.0/pisp/domestic-payments"

    @property
    def own_page(self) -> str:
        """Where customers see what they allowed."""
        return f"{self.issuer}/oauth/my/grants"

    @property
    def authenticator_page(self) -> str:
        """Where customers set up an authenticator."""
        return f"{self.issuer}/oauth/my/authenticator"

    @property
    def bank_url(self) -> str:
        """The bank itself; only Ringfence is meant to reach it."""
        return f"http://127.0.0.1:{self.bank_port}"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signed the server's."""
        return self.directory / "tls" / "ca.pem"

    @property
    def policy(self) -> Path:
        """The policy file."""
        return self.directory / "ringfence.yaml"

    @property
    def ledger(self) -> Path:
        """The bank's ledger."""
        return self.directory / "bank" / "ledger.db"

    @property
    def admin_socket(self) -> Path:
        """The management API."""
        return self.directory / "state" / "run" / "admin.sock"

    @property
    def edge_socket(self) -> Path:
        """The edge's own administration."""
        return self.directory / "state" / "run" / "edge.sock"

    def edge(self) -> httpx.Client:
        """Return a client of the edge's own administration."""
        return over_socket(self.edge_socket)

    def http(self) -> httpx.Client:
        """Return a client that trusts our authority only, speaks TLS 1.3 and follows no redirect."""
        context = ssl.create_default_context(cafile=self.authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return httpx.Client(verify=context, timeout=CALL_SECONDS, trust_env=False)


BY_RISK: Final = {
    "by_risk": ", risk: {step_up_at: 0.8}",
    "by_risk_limit": ", careful",
    "by_risk_limits": """\
  # The same, where calls cost more the more detection has against the caller.
  careful: {per: client, rate_per_second: 10, burst: 40, adaptive: {factor: 4}}
""",
    "by_risk_login": """\
  # From here on a password alone does not do in a browser that the customer has not logged in from before.
  second_factor_at_risk: 0.8
""",
}
"""What the template says of risk, by its place."""


def write_installation(
    directory: Path, now: Instant, create_keys: CreateKeys, more: str = "", *, by_risk: bool = False
) -> Installation:
    """Write policy, OpenAPI documents, certificates, signing key and the bank's ledger into a directory.

    `more` is put at the end of the policy. With `by_risk` limits and logins go by what detection has against callers:
    not where everything hostile comes from the one address that everything else comes from.
    """
    public_port, mtls_port, bank_port = _free_ports(3)
    installation = Installation(directory, public_port, mtls_port, bank_port)
    for name in ("bank", "keys", "logs", "tls"):
        (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = resources.files("ringfence.demo")
    template = string.Template(ours.joinpath("ringfence.template.yaml").read_text("utf-8"))
    installation.policy.write_text(
        template.substitute(
            dict.fromkeys(BY_RISK, "") | (BY_RISK if by_risk else {}),
            public_port=public_port,
            mtls_port=mtls_port,
            bank_port=bank_port,
        )
        + more,
        "utf-8",
    )
    for name in ("accounts.yaml", "payments.yaml"):
        with resources.as_file(ours.joinpath("openapi", name)) as document:
            shutil.copyfile(document, directory / name)
    where = Places(root=directory, state=directory / "state", keys=directory / "keys")
    create_keys(where, directory / "tls", HOSTS, "ES256", now)
    with Ledger(installation.ledger) as ledger:
        ledger.seed(now)
    return installation


def start(installation: Installation, processes: Processes) -> None:
    """Start the bank, and Ringfence in front of it, and wait until calls are answered.

    Raises:
        StartFailed: something did not start; the text holds the end of the logs.
    """
    bank = ("--port", str(installation.bank_port), "--ledger", str(installation.ledger))
    processes.start("bank", "-m", "ringfence.demo.bank", *bank)
    processes.start("ringfence", "-m", "ringfence", "up", "--policy", str(installation.policy))
    with installation.http() as http:
        for what, url, status in (
            ("the bank", f"{installation.bank_url}/__count", 200),
            ("the authorization server", f"{installation.issuer}/.well-known/oauth-authorization-server", 200),
            ("the gateway", installation.accounts_url, 401),
        ):
            processes.wait_until(partial(_answers, http, url, status), what, START_SECONDS)
    with over_socket(installation.admin_socket) as http:
        ready = partial(_answers, http, "/status", 200)
        processes.wait_until(ready, "the management API", START_SECONDS)


def calls_by_worker(edge: httpx.Client) -> dict[str, int]:
    """Return how many calls the edge has passed to each gateway worker so far."""
    return {worker: int(count) for worker, count in _WORKER_CALLS.findall(edge.get("/clusters").text)}


def over_socket(path: Path) -> httpx.Client:
    """Return a client that speaks plain HTTP over a unix socket."""
    transport = httpx.HTTPTransport(uds=str(path))
    return httpx.Client(transport=transport, base_url="http://socket", timeout=CALL_SECONDS)


def _answers(http: httpx.Client, url: str, status: int) -> bool:
    try:
        return http.get(url).status_code == status
    except httpx.TransportError:
        return False


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, all different: they are held until all are found."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
