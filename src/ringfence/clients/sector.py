"""Find the sector that a client's pairwise subjects are worked out for.  OpenID Connect Core §8.1; OpenID Connect Registration §5."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from ringfence.clients.texts import fault

_SHARED: Final = frozenset({"127.0.0.1", "::1"})
"""Hosts of all native applications (RFC 8252 §7.3)."""


def sector_of(subject_type: str, named: str, redirect_uris: Sequence[str]) -> str:
    """Return the sector of a client; empty for one that knows customers by public subjects.

    Args:
        subject_type: the client's.
        named: host of its `sector_identifier_uri`, the list behind it verified; empty without one.
        redirect_uris: the client's.

    Raises:
        Refused: ADMIN_REQUEST where the redirect URIs do not say it alone.
    """
    if subject_type == "public":
        if named:
            raise fault("/sector", "goes with pairwise subjects only")
        return ""
    if named:
        return named
    hosts = {urlsplit(uri).hostname or "" for uri in redirect_uris}
    if len(hosts) != 1 or hosts & _SHARED:
        raise fault("/sector", "is needed where redirect URIs have several hosts, none, or one that everybody has")
    return hosts.pop()


def check_listed(listed: object, redirect_uris: Sequence[str]) -> None:
    """Return if what lies at a `sector_identifier_uri` is a list that holds every redirect URI.

    Raises:
        Refused: ADMIN_REQUEST.
    """
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise fault("/sector_identifier_uri", "does not lead to a JSON array of redirect URIs")
    for uri in redirect_uris:
        if uri not in listed:
            raise fault("/sector_identifier_uri", f"leads to a list without the redirect URI {uri}")
