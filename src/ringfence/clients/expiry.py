"""Say which of a client's certificates and statements end soon.  RFC 5280 §4.1.2.5; RFC 7591 §2.3."""

import base64
from typing import Any

import msgspec
from cryptography import x509

from ringfence.clock import Instant, Seconds
from ringfence.store.model import Client
from ringfence.store.registrations import Registration


class Expiry(msgspec.Struct, frozen=True):
    """Something of a client that has an end."""

    what: str
    """`certificate`, `certificate <kid>` or `software statement`."""
    at: Instant


def expiries(client: Client, registration: Registration | None) -> tuple[Expiry, ...]:
    """Return everything of a client that has an end, the first end first."""
    found = [Expiry(f"certificate {key.get('kid', '')}".strip(), end) for key in _keys(client) if (end := _end(key))]
    if client.certificate_expires_at is not None:
        found.append(Expiry("certificate", client.certificate_expires_at))
    if registration is not None and registration.statement_expires_at is not None:
        found.append(Expiry("software statement", registration.statement_expires_at))
    return tuple(sorted(found, key=lambda one: (one.at, one.what)))


def ending(found: tuple[Expiry, ...], now: Instant, within: Seconds) -> tuple[Expiry, ...]:
    """Return what has ended or will within that many seconds."""
    return tuple(one for one in found if one.at <= now + within)


def _keys(client: Client) -> list[dict[str, Any]]:
    keys = client.jwks.get("keys", [])
    return [key for key in keys if "x5c" in key]


def _end(key: dict[str, Any]) -> Instant | None:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0], validate=True))
    except (ValueError, TypeError, LookupError):
        return None
    return Instant(certificate.not_valid_after_utc.timestamp())
