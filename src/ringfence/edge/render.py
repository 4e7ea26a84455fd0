"""The edge's configuration, worked out from the policy alone: Envoy's bootstrap and its xDS files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ringfence.edge.clusters import cluster, pipe
from ringfence.edge.discovery import discovery, document
from ringfence.edge.listeners import listeners
from ringfence.edge.pairs import Pair
from ringfence.edge.routes import GATEWAY_CLUSTER, OAUTH_CLUSTER
from ringfence.edge.tls import TRUSTED_AUTHORITIES, client_secret
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.problem import Reason, Refused

HEAP_BYTES: Final = 1_073_741_824
"""Memory at which the overload manager counts the edge as full: 50 KiB for each of 20,000 connections."""
SHRINK_HEAP_AT: Final = 0.95
STOP_ACCEPTING_AT: Final = 0.98
"""Shares of `HEAP_BYTES`: Envoy's advice for edges."""

ADMIN_SOCKET_MODE: Final = 0o600

_TYPES: Final = "type.googleapis.com/envoy"


class EdgeFiles(msgspec.Struct, frozen=True):
    """Where the edge's configuration lies."""

    directory: Path

    @property
    def bootstrap(self) -> Path:
        """What Envoy reads once, at start."""
        return self.directory / "bootstrap.json"

    @property
    def listeners(self) -> Path:
        """LDS: read again when replaced."""
        return self.directory / "lds.json"

    @property
    def clusters(self) -> Path:
        """CDS: read again when replaced."""
        return self.directory / "cds.json"

    def secret(self, name: str) -> Path:
        """SDS, one file for each secret: names certificate and key, holds neither."""
        return self.directory / f"sds-{name}.json"

    @property
    def authorities(self) -> Path:
        """The policy's client certificate authorities in one PEM file."""
        return self.directory / "client-authorities.pem"


class EdgeConfig(msgspec.Struct, frozen=True):
    """What goes into the files of `EdgeFiles`, as bytes; and the PEM files that make up `authorities`."""

    bootstrap: bytes
    listeners: bytes
    clusters: bytes
    pairs: tuple[Pair, ...]
    """What each listener presents; their SDS files are written from what lies in the files."""
    secrets: tuple[tuple[str, bytes], ...]
    """All other SDS files, by the secret's name."""
    authorities: tuple[Path, ...]
    listener_names: tuple[str, ...]


def render(policy: Policy, places: Places, issuer_paths: Sequence[str]) -> EdgeConfig:
    """Return the edge's configuration for a policy.

    Args:
        policy: the policy.
        places: where sockets and the edge's files lie.
        issuer_paths: paths that the authorization server answers, for example `/token`; one that ends in
            `*` stands for everything that starts so, for example `/pages/*`.

    Raises:
        Refused: POLICY_INVALID where Envoy cannot do what the policy says.
    """
    files = EdgeFiles(places.edge)
    mtls = policy.listeners.mtls
    public = policy.listeners.public
    pairs = [Pair("public", places.file(public.tls.certificate), places.file(public.tls.key))]
    secrets = []
    authorities: tuple[Path, ...] = ()
    if mtls is not None:
        accepted = mtls.client_certificates
        if mtls.udp_port is not None:
            raise Refused(
                Reason.POLICY_INVALID,
                "listeners.mtls.udp_port: over HTTP/3 the edge cannot ask for a client certificate without"
                " requiring one; leave it out",
            )
        if not accepted.authorities and not accepted.self_signed:
            raise Refused(
                Reason.POLICY_INVALID,
                "listeners.mtls.client_certificates: name authorities, or take self_signed certificates;"
                " as it is, no client certificate could be accepted",
            )
        authorities = tuple(places.file(path) for path in accepted.authorities)
        pairs.append(Pair("mtls", places.file(mtls.tls.certificate), places.file(mtls.tls.key)))
        secrets = [(TRUSTED_AUTHORITIES, discovery([client_secret(accepted, files.authorities)]))]
    calls = _connections(policy)
    found = listeners(policy, files.secret, issuer_paths, places.edge_refusals)
    workers = [places.gateway_socket(worker) for worker in range(policy.gateway.workers)]
    return EdgeConfig(
        bootstrap=document(_bootstrap(policy, places, files)),
        listeners=discovery(found),
        clusters=discovery(
            [cluster(GATEWAY_CLUSTER, workers, calls), cluster(OAUTH_CLUSTER, [places.oauth_socket], calls)]
        ),
        pairs=tuple(pairs),
        secrets=tuple(secrets),
        authorities=authorities,
        listener_names=tuple(listener["name"] for listener in found),
    )


def _connections(policy: Policy) -> int:
    mtls = policy.listeners.mtls
    return policy.listeners.public.max_connections + (mtls.max_connections if mtls else 0)


def _bootstrap(policy: Policy, places: Places, files: EdgeFiles) -> dict[str, Any]:
    return {
        "node": {"id": "edge", "cluster": "ringfence"},
        "admin": {"address": pipe(places.edge_admin_socket, ADMIN_SOCKET_MODE)},
        "dynamic_resources": {"lds_config": _watched(files.listeners), "cds_config": _watched(files.clusters)},
        "overload_manager": {
            "refresh_interval": "0.25s",
            "resource_monitors": [
                _monitor("fixed_heap", "FixedHeapConfig", {"max_heap_size_bytes": str(HEAP_BYTES)}),
                _monitor(
                    "global_downstream_max_connections",
                    "DownstreamConnectionsConfig",
                    {"max_active_downstream_connections": str(_connections(policy))},
                    package="downstream_connections",
                ),
            ],
            "actions": [
                _action("envoy.overload_actions.shrink_heap", SHRINK_HEAP_AT),
                _action("envoy.overload_actions.stop_accepting_requests", STOP_ACCEPTING_AT),
                _action("envoy.overload_actions.reject_incoming_connections", STOP_ACCEPTING_AT),
            ],
        },
    }


def _monitor(name: str, message: str, settings: dict[str, Any], package: str = "") -> dict[str, Any]:
    kind = f"{_TYPES}.extensions.resource_monitors.{package or name}.v3.{message}"
    return {"name": f"envoy.resource_monitors.{name}", "typed_config": {"@type": kind, **settings}}


def _action(name: str, threshold: float) -> dict[str, Any]:
    return {
        "name": name,
        "triggers": [{"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": threshold}}],
    }


def _watched(path: Path) -> dict[str, Any]:
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}
