"""The workers behind the edge, as Envoy clusters over unix sockets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ringfence.problem import Reason, Refused

WORKER_IDLE_SECONDS: Final = 15
"""How long Envoy keeps an unused connection to a worker. Granian (oauth) closes one after 30 s
(`header_read_timeout`), our own worker never; whoever closes first must be the one who would send next."""

CONNECT_SECONDS: Final = 1
"""A unix socket connects at once or its backlog is full."""

BUFFER_BYTES: Final = 32_768
"""What Envoy holds of one connection before it stops reading: Envoy's own advice for edges."""

RESPONSE_HEADERS_KB: Final = 96
"""Above the 64 KiB that the policy allows an upstream by default, so that the worker's limit decides."""

RESPONSE_HEADERS_COUNT: Final = 200
"""Envoy's default of 100 is for what partners send; our own workers add to what the upstream sent."""

SOCKET_PATH_BYTES: Final = 107
"""Longest path of a unix socket on Linux, the closing NUL not counted: unix(7)."""


def cluster(name: str, sockets: Sequence[Path], calls: int) -> dict[str, Any]:
    """Return the cluster of one role's workers.

    Args:
        name: the cluster's name.
        sockets: one unix socket a worker.
        calls: how many calls may be under way at once; more are answered 503.

    Raises:
        Refused: POLICY_INVALID where a socket's path is longer than the system takes.
    """
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "lb_policy": "LEAST_REQUEST",
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": pipe(path)}} for path in sockets]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {
                    "idle_timeout": f"{WORKER_IDLE_SECONDS}s",
                    "max_response_headers_kb": RESPONSE_HEADERS_KB,
                    "max_headers_count": RESPONSE_HEADERS_COUNT,
                },
                # HTTP/1.1: over a unix socket HTTP/2's multiplexing buys nothing and costs its framing.
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": calls,
                    "max_pending_requests": calls,
                    "max_requests": calls,
                    "max_retries": calls,
                }
            ]
        },
        # No outlier detection: a worker that is gone refuses at once and the retry goes to another (routes.py),
        # while one that was passed over for its predecessor's failures would be missed when the next one ends.
    }


def pipe(path: Path, mode: int | None = None) -> dict[str, Any]:
    """Return a unix socket as an Envoy address.  Raises Refused POLICY_INVALID where its path is too long."""
    if len(str(path).encode()) > SOCKET_PATH_BYTES:
        raise Refused(
            Reason.POLICY_INVALID, f"state: the socket {path} has a path of more than {SOCKET_PATH_BYTES} bytes"
        )
    return {"pipe": {"path": str(path)} if mode is None else {"path": str(path), "mode": mode}}
