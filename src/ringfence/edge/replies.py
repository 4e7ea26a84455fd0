"""What the edge answers by itself, as problem documents.  RFC 9457.

Envoy refuses some calls before a worker sees them. Those answers have the form of the workers' own:
the same types and titles, and an identifier that the edge drew.
"""

from typing import Any, Final

from ringfence.problem import MEANINGS, PROBLEM_TYPE_PREFIX, Reason

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"

CORRELATION_HEADER: Final = "x-correlation-id"
"""The same name as on the workers' answers."""

LOCAL: Final = "response.code_details != 'via_upstream'"
"""No worker answered."""

_PATH_DETAILS: Final = ("path_normalization_failed", "direct_response")
_PATH_REFUSED: Final = " || ".join(f"response.code_details == '{details}'" for details in _PATH_DETAILS)
"""Escaped slashes are refused by Envoy itself, the other unsafe paths by the route of `routes.py`, the one
that answers directly."""

_BY_STATUS: Final[tuple[tuple[int, Reason, int], ...]] = (
    (403, Reason.MALFORMED_REQUEST, 400),  # an upgrade that nobody offers
    (404, Reason.UNKNOWN_PATH, 404),
    (408, Reason.BODY_INCOMPLETE, 408),
    (413, Reason.BODY_TOO_LARGE, 413),
    (426, Reason.MALFORMED_REQUEST, 426),  # HTTP/1.0
    (431, Reason.HEADERS_TOO_LARGE, 431),
    (500, Reason.INTERNAL, 500),
    (501, Reason.MALFORMED_REQUEST, 400),  # a transfer coding that nobody knows
    (502, Reason.INTERNAL, 500),  # a worker spoke something other than HTTP
    (503, Reason.UNAVAILABLE, 503),
    (504, Reason.UPSTREAM_TIMEOUT, 504),
)
"""Envoy's status, the reason that it stands for, and the status that the caller sees."""

_AT_THE_LIMIT: Final = ("UO", "OM")
"""Response flags of Envoy: a cluster's limit, and the overload manager."""
_LIMIT_DETAILS: Final = ("upstream_reset_before_response_started{overflow}", "overload")
"""The same in Envoy's details."""


def local_replies() -> dict[str, Any]:
    """Return the `LocalReplyConfig`: one row for each answer, and bad request for whatever is left."""
    rows = [
        _row(expression(_PATH_REFUSED), Reason.UNSAFE_PATH, 400),
        _row({"response_flag_filter": {"flags": list(_AT_THE_LIMIT)}}, Reason.OVERLOADED, 503),
    ]
    rows += [_row(status_is(seen), reason, told) for seen, reason, told in _BY_STATUS]
    rows.append(_row(status_from(500), Reason.INTERNAL, 500))
    rows.append(_row(status_from(400), Reason.MALFORMED_REQUEST, 400))
    return {"mappers": rows}


def reason_of(told: int, details: str) -> Reason:
    """Return the reason in an answer of ours, by the status that the caller saw and Envoy's details."""
    if details in _PATH_DETAILS:
        return Reason.UNSAFE_PATH
    if details in _LIMIT_DETAILS:
        return Reason.OVERLOADED
    server_error = 500
    fallback = Reason.INTERNAL if told >= server_error else Reason.MALFORMED_REQUEST
    return next((reason for _, reason, status in _BY_STATUS if status == told), fallback)


def _row(condition: dict[str, Any], reason: Reason, status: int) -> dict[str, Any]:
    return {
        "filter": condition,
        "status_code": status,
        "body_format_override": _format(reason),
        "headers_to_add": [
            _header("cache-control", "no-store"),
            # Drawn here; the body and the log repeat it.
            _header(CORRELATION_HEADER, "%UNIQUE_ID%"),
        ],
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _format(reason: Reason) -> dict[str, Any]:
    return {
        "content_type": PROBLEM_MEDIA_TYPE,
        "json_format": {
            "type": PROBLEM_TYPE_PREFIX + reason.value,
            "title": MEANINGS[reason].title,
            "status": "%RESPONSE_CODE%",
            "correlation_id": f"%RESP({CORRELATION_HEADER})%",
        },
    }


def expression(text: str) -> dict[str, Any]:
    """Return a filter that a CEL expression decides."""
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                "expression": text,
            },
        }
    }


def status_is(status: int) -> dict[str, Any]:
    """Return a filter for one status; 0 is a call without an answer."""
    return _status("EQ", status)


def status_from(status: int) -> dict[str, Any]:
    """Return a filter for that status and all above it."""
    return _status("GE", status)


def _status(operator: str, status: int) -> dict[str, Any]:
    # The key names a runtime switch that Envoy demands; nothing sets it.
    value = {"default_value": status, "runtime_key": f"ringfence.local_reply.{operator.lower()}.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}
