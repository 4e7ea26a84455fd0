"""A complete installation in a folder of its own: certificates, keys, document, policy; and how to run it."""

import asyncio
import datetime as dt
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.documents import SCOPES, document
from bench.processes import start, until_answers
from ringfence.clock import Instant, system_clock
from ringfence.edge.process import envoy_command, threads_for, write_config
from ringfence.edge.render import render
from ringfence.keys.providers.local import create_signing_key
from ringfence.policy.model import Policy
from ringfence.policy.places import Places, places
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Bucket

BASE_PATH = "/open-banking/v4.0"
PER_CLIENT = "per-client"
GENEROUS = 1e6
"""Calls a second that the bucket lets through: it is charged on every call and never empty."""
LIVE_SECONDS = 3600.0
"""How long the state of a client that has just called stays live: longer than the bench."""


class Installation(msgspec.Struct, frozen=True):
    """Where it lies, and under which addresses it is called."""

    folder: Path
    policy: Policy
    where: Places
    public_port: int
    mtls_port: int
    client_certificate: Path
    client_key: Path

    @property
    def policy_file(self) -> Path:
        """The policy's file."""
        return self.folder / "ringfence.yaml"


def free_ports(count: int) -> list[int]:
    """Return TCP ports that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def lay_out(
    folder: Path,
    *,
    upstream_port: int,
    workers: int,
    operations: int,
    upstream: Mapping[str, Any] = {},
    demands: Mapping[str, Any] = {},
    change: Callable[[dict[str, Any], Path], None] = lambda _, __: None,
) -> Installation:
    """Write everything that `ringfence up` needs into `folder`.

    Args:
        folder: is made.
        upstream_port: where the API listens.
        workers: of the gateway.
        operations: how many the document has.
        upstream: further members of the policy's `upstream`.
        demands: further members of its `operations`.
        change: changes the policy before it is written; `folder` is there already.
    """
    folder.mkdir(parents=True)
    public_port, mtls_port = free_ports(2)
    _certificate(folder / "server.pem", folder / "server.key", "localhost")
    _certificate(folder / "client.pem", folder / "client.key", "bench partner")
    (folder / "openapi.json").write_bytes(msgspec.json.encode(document(operations)))
    (folder / "keys").mkdir(mode=0o700)
    tls = {"certificate": "server.pem", "key": "server.key"}
    listener = {"address": "127.0.0.1", "tls": tls}
    written: dict[str, Any] = {
        "version": 1,
        "issuer": f"https://localhost:{public_port}",
        "listeners": {
            "public": {**listener, "port": public_port},
            "mtls": {**listener, "port": mtls_port, "client_certificates": {"self_signed": True}},
        },
        "gateway": {"workers": workers},
        "oauth": {"scopes": SCOPES},
        "limits": {PER_CLIENT: {"per": "client", "rate_per_second": GENEROUS, "burst": int(GENEROUS)}},
        "apis": [
            {
                "name": "bench",
                "versions": [
                    {
                        "name": "v4",
                        "openapi": "openapi.json",
                        "base_path": BASE_PATH,
                        "upstream": {"url": f"http://127.0.0.1:{upstream_port}", **upstream},
                        "defaults": {"scopes": ["accounts"], "limits": [PER_CLIENT]},
                        "operations": {"CreatePayment": {"scopes": ["payments"]}, **demands},
                    }
                ],
            }
        ],
        "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "refuse", "upstream": "refuse"},
    }
    change(written, folder)
    # JSON is YAML
    (folder / "ringfence.yaml").write_bytes(msgspec.json.format(msgspec.json.encode(written)))
    policy = msgspec.convert(written, Policy)
    where = places(policy, folder)
    create_signing_key(where.signing_key, "ES256")
    return Installation(folder, policy, where, public_port, mtls_port, folder / "client.pem", folder / "client.key")


def start_ringfence(installed: Installation) -> subprocess.Popen[bytes]:
    """Start all of Ringfence and return its supervisor's process when calls can come."""
    log = installed.folder / "up.log"
    command = [sys.executable, "-m", "ringfence", "up", "--policy", str(installed.policy_file)]
    process = start(command, log)
    until_answers([installed.public_port, installed.mtls_port], process, log)
    return process


def start_envoy_alone(installed: Installation, upstream_port: int) -> subprocess.Popen[bytes]:
    """Start only the edge, with the configuration that Ringfence gives it, but straight to the upstream."""
    config = render(installed.policy, installed.where, ["/token"])
    write_config(msgspec.structs.replace(config, clusters=_straight(config.clusters, upstream_port)), installed.where)
    threads = threads_for(installed.policy.gateway.workers)
    log = installed.folder / "envoy.log"
    process = start(envoy_command(installed.where, threads), log)
    until_answers([installed.public_port, installed.mtls_port], process, log)
    return process


def _straight(clusters: bytes, upstream_port: int) -> bytes:
    """Return Envoy's clusters with the upstream in the workers' place."""
    discovery = msgspec.json.decode(clusters)
    address = {"socket_address": {"address": "127.0.0.1", "port_value": upstream_port}}
    for cluster in discovery["resources"]:
        cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return msgspec.json.encode(discovery)


def fill_buckets(installed: Installation, clients: Sequence[str]) -> None:
    """Give each client a live bucket and a claimed proof in the fast state, as if all had just called."""

    async def fill() -> None:
        installed.where.fast.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = LmdbState(installed.where.fast)
        now = system_clock()
        for client in clients:
            # the key that gateway/limit.py makes of a `per: client` limit
            bucket = Bucket(f"{PER_CLIENT}|{client}".encode(), LIVE_SECONDS, LIVE_SECONDS * 10)
            await state.admit(
                Admission(claims=((f"bench|{client}".encode(), Instant(now + LIVE_SECONDS)),), buckets=(bucket,)), now
            )
        state.close()

    asyncio.run(fill())


def _certificate(certificate: Path, key: Path, name: str) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.touch(mode=0o600)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
