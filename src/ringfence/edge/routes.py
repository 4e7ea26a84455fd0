"""Which worker a call goes to, and what the edge does to its header fields on the way.

The edge routes on the raw path and repairs nothing: a path that could be read two ways is refused, so
that the worker, the upstream and a proof's `htu` (RFC 9449 §4.3) all see the path the partner sent.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

GATEWAY_CLUSTER: Final = "gateway"
OAUTH_CLUSTER: Final = "oauth"

ListenerName = Literal["public", "mtls"]

LISTENER_HEADER: Final = "x-ringfence-listener"
"""Tells the worker which listener the call came in by: `public` or `mtls`."""
PEER_HEADER: Final = "x-ringfence-peer"
"""The network address that the connection came from, without port."""
VERIFIED_ISSUER_HEADER: Final = "x-ringfence-verified-issuer"
"""SHA-256 in hex of the certificate that issued the client's certificate, where Envoy built the chain to
one of the policy's authorities. Absent: no certificate, or one that identifies by its thumbprint only."""

_SPOOFABLE_PREFIXES: Final = ("x-ringfence-", "x-envoy-", "x-forwarded-", "proxy-")
_SPOOFABLE: Final = ("forwarded", "x-real-ip")
"""Fields that only we, or a proxy in front of nobody, would set: a caller's are dropped on arrival.

`x-request-id` is not among them: Berlin Group APIs demand one of the partner, and nothing here believes it.
"""

_ENVOY_ADDS: Final = ("x-envoy-external-address", "x-envoy-internal", "x-forwarded-for")
"""Fields that Envoy itself adds after that. Workers have `PEER_HEADER`; of a caller on the same machine
Envoy would even tell another address in `x-forwarded-for`."""

UNSAFE_PATH: Final = (
    r"(?i).*("
    r"//"  # an empty segment, merged by some servers
    r"|/\.{1,2}([/;].*)?$"  # a dot segment, also one with a parameter
    r"|%(25)*2[ef]"  # an escaped dot or slash, escaped any number of times
    r"|%(25)*5c|\\"  # the same of the backslash, which some take for a slash
    r"|%(25)*[01][0-9a-f]|%(25)*7f"  # an escaped control character
    r").*"
)
"""Paths (RE2, the whole path without query) that two readers could read differently.  RFC 3986 §6.2.2."""

HSTS_SECONDS: Final = 31_536_000
"""A year: RFC 6797 §6.1.1 leaves the number open; a year is what preload lists ask."""
ALT_SVC_SECONDS: Final = 86_400
"""How long a client may remember that HTTP/3 is spoken here: RFC 7838 §3.1's default."""

OTHER_WORKER_DRAWS: Final = 64
"""How often another worker is drawn when the draw falls on one that was tried. A dead worker has no calls
under way and wins three draws of four against one other: 0.75^64 is one in a hundred million."""

RETRIES: Final = 2
"""Further workers that are tried when nothing reached the first."""


def early_mutations() -> list[dict[str, Any]]:
    """Return what is done to a request before Envoy itself looks at it: spoofable fields are dropped."""
    removals = [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in _SPOOFABLE_PREFIXES]
    removals += [{"remove_on_match": {"key_matcher": {"exact": name}}} for name in _SPOOFABLE]
    return [
        {
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                "mutations": removals,
            },
        }
    ]


def route_configuration(
    listener: ListenerName, issuer_paths: Sequence[str], *, http3_port: int | None
) -> dict[str, Any]:
    """Return the `RouteConfiguration` of a listener.

    Args:
        listener: which one; workers are told.
        issuer_paths: paths of the authorization server; one that ends in `*` is a prefix, all others are exact.
        http3_port: UDP port to announce (RFC 7838), or None.
    """
    added = [
        _set(LISTENER_HEADER, listener),
        _set(PEER_HEADER, "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ]
    if listener == "mtls":
        added.append(_set(VERIFIED_ISSUER_HEADER, "%DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256%"))
    told = [
        {
            "header": {"key": "strict-transport-security", "value": f"max-age={HSTS_SECONDS}"},
            "append_action": "ADD_IF_ABSENT",
        }
    ]
    if http3_port is not None:
        told.append(_set("alt-svc", f'h3=":{http3_port}"; ma={ALT_SVC_SECONDS}'))
    return {
        "name": listener,
        "virtual_hosts": [{"name": listener, "domains": ["*"], "routes": _routes(issuer_paths)}],
        "request_headers_to_remove": list(_ENVOY_ADDS),
        "request_headers_to_add": added,
        "response_headers_to_remove": ["server", "x-powered-by", "x-envoy-upstream-service-time"],
        "response_headers_to_add": told,
    }


def _routes(issuer_paths: Sequence[str]) -> list[dict[str, Any]]:
    refused: dict[str, Any] = {
        "name": "unsafe-path",
        "match": {"safe_regex": {"regex": UNSAFE_PATH}},
        "direct_response": {"status": 400},
    }
    issuer = [{"name": OAUTH_CLUSTER, "match": _match(path), "route": _to(OAUTH_CLUSTER)} for path in issuer_paths]
    return [refused, *issuer, {"name": GATEWAY_CLUSTER, "match": {"prefix": "/"}, "route": _to(GATEWAY_CLUSTER)}]


def _match(path: str) -> dict[str, str]:
    return {"prefix": path.removesuffix("*")} if path.endswith("*") else {"path": path}


def _to(cluster: str) -> dict[str, Any]:
    return {
        "cluster": cluster,
        # The worker owns the time a call may take; the listener's stream_idle_timeout ends a hung one.
        "timeout": "0s",
        "retry_policy": {
            # Only what cannot have reached a worker: a proof or a payment must not arrive twice.
            "retry_on": "connect-failure,refused-stream,reset-before-request",
            "num_retries": RETRIES,
            "retry_host_predicate": [
                {
                    "name": "envoy.retry_host_predicates.previous_hosts",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                    },
                }
            ],
            "host_selection_retry_max_attempts": str(OTHER_WORKER_DRAWS),
            "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.050s"},
        },
    }


def _set(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
