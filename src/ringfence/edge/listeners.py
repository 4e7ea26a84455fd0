"""The addresses that partners connect to, as Envoy listeners.  RFC 9112; RFC 9113; RFC 9114."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ringfence.edge.clusters import BUFFER_BYTES
from ringfence.edge.refusals import refusal_log
from ringfence.edge.replies import local_replies
from ringfence.edge.routes import ListenerName, early_mutations, route_configuration
from ringfence.edge.tls import SecretFiles, quic_socket, tcp_socket
from ringfence.policy.model import Listener, Policy

HANDSHAKE_SECONDS: Final = 10
"""For TLS to be set up, and for a request's header section to arrive: an honest client needs less than a
second, a client that sends byte by byte (slowloris) is cut."""
REQUEST_SECONDS: Final = 60
"""For the whole request with its body to arrive."""
IDLE_SECONDS: Final = 300
"""How long a connection without calls is kept. Envoy's hour would let idle peers hold every place."""
STREAM_MARGIN_SECONDS: Final = 15
"""What the worker has on top of its upstream's own limits to answer by itself, before the edge answers."""
DELAYED_CLOSE_SECONDS: Final = 1

HEADER_FIELDS: Final = 100
"""Field lines in a request: Envoy's default, written down because workers rely on it."""

STREAMS: Final = 100
"""Calls at once on one HTTP/2 or HTTP/3 connection: RFC 9113 §6.5.2 advises no less."""
STREAM_WINDOW_BYTES: Final = 65_536
CONNECTION_WINDOW_BYTES: Final = 1_048_576
"""Windows of HTTP/2 and HTTP/3: Envoy's advice for edges."""

_TYPES: Final = "type.googleapis.com/envoy"


def listeners(
    policy: Policy, secrets: SecretFiles, issuer_paths: Sequence[str], refusals: Path
) -> list[dict[str, Any]]:
    """Return every listener of the policy.

    Args:
        policy: the policy.
        secrets: gives the SDS file of a secret.
        issuer_paths: as `routes.route_configuration` takes them.
        refusals: the file to which Envoy writes the calls that it refuses by itself.
    """
    public = policy.listeners.public
    found = [_tcp("public", public, policy, secrets, issuer_paths)]
    if public.udp_port is not None:
        found.append(_udp("public", public, public.udp_port, policy, secrets, issuer_paths))
    if policy.listeners.mtls is not None:
        found.append(_tcp("mtls", policy.listeners.mtls, policy, secrets, issuer_paths))
    for listener in found:
        _manager_of(listener)["access_log"] = refusal_log(refusals)
    return found


def stream_idle_seconds(policy: Policy) -> int:
    """Return how long a call may be silent: longer than any upstream may take, so that workers answer first."""
    upstreams = [version.upstream for api in policy.apis for version in api.versions]
    longest = max(max(u.connect_timeout_seconds + u.timeout_seconds, u.idle_timeout_seconds) for u in upstreams)
    return max(REQUEST_SECONDS, int(longest) + STREAM_MARGIN_SECONDS)


def _tcp(
    name: ListenerName, listener: Listener, policy: Policy, secrets: SecretFiles, issuer_paths: Sequence[str]
) -> dict[str, Any]:
    manager = _manager(name, policy, issuer_paths, http3_port=listener.udp_port if name == "public" else None)
    manager["codec_type"] = "AUTO"
    manager["http_protocol_options"] = {"accept_http_10": False, "enable_trailers": False}
    manager["http2_protocol_options"] = {
        "max_concurrent_streams": STREAMS,
        "initial_stream_window_size": STREAM_WINDOW_BYTES,
        "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
        "allow_connect": False,
        # One malformed call ends alone: the partner's other calls on the connection go on.
        "override_stream_error_on_invalid_http_message": True,
    }
    return {
        "@type": f"{_TYPES}.config.listener.v3.Listener",
        "name": name,
        "address": _address(listener, listener.port, "TCP"),
        # With it, a second process of the same user could take a share of the connections unnoticed.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "filter_chains": [
            {
                "transport_socket": tcp_socket(name, listener.tls, secrets),
                "transport_socket_connect_timeout": f"{HANDSHAKE_SECONDS}s",
                "filters": [_connection_limit(name, listener.max_connections), _filter(manager)],
            }
        ],
    }


def _udp(
    name: ListenerName, listener: Listener, port: int, policy: Policy, secrets: SecretFiles, issuer_paths: Sequence[str]
) -> dict[str, Any]:
    manager = _manager(name, policy, issuer_paths, http3_port=port)
    manager["codec_type"] = "HTTP3"
    manager["http3_protocol_options"] = {"override_stream_error_on_invalid_http_message": True}
    return {
        "@type": f"{_TYPES}.config.listener.v3.Listener",
        "name": f"{name}-h3",
        "address": _address(listener, port, "UDP"),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "udp_listener_config": {
            "quic_options": {
                "quic_protocol_options": {
                    "max_concurrent_streams": STREAMS,
                    "initial_stream_window_size": STREAM_WINDOW_BYTES,
                    "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
                },
                "idle_timeout": f"{IDLE_SECONDS}s",
                "crypto_handshake_timeout": f"{HANDSHAKE_SECONDS}s",
            },
            "downstream_socket_config": {"prefer_gro": True},
        },
        "filter_chains": [
            {
                "transport_socket": quic_socket(name, secrets),
                "filters": [_connection_limit(f"{name}-h3", listener.max_connections), _filter(manager)],
            }
        ],
    }


def _manager(
    name: ListenerName, policy: Policy, issuer_paths: Sequence[str], *, http3_port: int | None
) -> dict[str, Any]:
    manager: dict[str, Any] = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "early_header_mutation_extensions": early_mutations(),
        "use_remote_address": True,
        "xff_num_trusted_hops": 0,
        # The worker draws the identifier of a call.
        "generate_request_id": False,
        "internal_address_config": {"unix_sockets": False},
        # Refused, not repaired: see routes.py.
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "server_header_transformation": "PASS_THROUGH",
        "common_http_protocol_options": {
            "idle_timeout": f"{IDLE_SECONDS}s",
            "max_headers_count": HEADER_FIELDS,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "max_request_headers_kb": -(-policy.gateway.max_header_bytes // 1024),
        "request_headers_timeout": f"{HANDSHAKE_SECONDS}s",
        "request_timeout": f"{REQUEST_SECONDS}s",
        "stream_idle_timeout": f"{stream_idle_seconds(policy)}s",
        "delayed_close_timeout": f"{DELAYED_CLOSE_SECONDS}s",
        "local_reply_config": local_replies(),
        "route_config": route_configuration(name, issuer_paths, http3_port=http3_port),
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    if name == "mtls":
        manager["forward_client_cert_details"] = "SANITIZE_SET"
        manager["set_current_client_cert_details"] = {"subject": True, "cert": True}
    else:
        manager["forward_client_cert_details"] = "SANITIZE"
    return manager


def _manager_of(listener: dict[str, Any]) -> dict[str, Any]:
    manager: dict[str, Any] = listener["filter_chains"][0]["filters"][-1]["typed_config"]
    return manager


def _filter(manager: dict[str, Any]) -> dict[str, Any]:
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}


def _connection_limit(name: str, connections: int) -> dict[str, Any]:
    return {
        "name": "envoy.filters.network.connection_limit",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.filters.network.connection_limit.v3.ConnectionLimit",
            "stat_prefix": name,
            "max_connections": str(connections),
        },
    }


def _address(listener: Listener, port: int, protocol: str) -> dict[str, Any]:
    return {"socket_address": {"protocol": protocol, "address": listener.address, "port_value": port}}
