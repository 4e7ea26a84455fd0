"""What may be fetched from where a partner says: https from a public host, and nothing else.  RFC 6890; RFC 9700 §4.11.

A URL of a partner's is an order to our network to connect somewhere. The rules here are pure; the
connection, which `ringfence.app.fetching` makes, goes only to an address that has passed them.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from ringfence.clock import Seconds

LONGEST_URL: Final = 2048
LONGEST_HOST: Final = 253
"""RFC 1035 §2.3.4, without the trailing dot."""

MAX_BODY_BYTES: Final = 65_536
"""A set of twenty 4096-bit RSA keys with certificate chains has less."""

WITHIN: Final[Seconds] = 3.0
"""From the name's resolution to the last byte: somebody waits for it with a token request."""

SHORTEST_FRESH: Final[Seconds] = 60.0
USUAL_FRESH: Final[Seconds] = 300.0
"""Where the answer says nothing of its age."""
LONGEST_FRESH: Final[Seconds] = 3600.0
"""A key that a partner has withdrawn is believed no longer than this."""

HTTPS_PORT: Final = 443

_URL: Final = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
    r"(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LABEL: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""Begins with a letter, so that no number (`2130706433`, `0177.1`, `0x7f.0.0.1`) passes as a name."""

FIELD_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
"""What may stand in a header field: RFC 9110 §5.5, without what is not ASCII."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})\"?(?:$|[\s,])", re.IGNORECASE)

_PUBLIC_IPV6: Final = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is global unicast (RFC 4291 §2.4): loopback, unique local, link-local, multicast,
IPv4-mapped and the well-known NAT64 prefix all lie outside."""

SPECIAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast (RFC 5771)
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # IANA IPv6 Special-Purpose Address Registry, as far as it lies within 2000::/3
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
"""Networks that are nobody's on the internet."""


class Unfetchable(Exception):
    """It was not fetched; the text says why and is for our log: it would tell a partner what our network can reach."""


class Target(msgspec.Struct, frozen=True):
    """A URL whose form is beyond doubt."""

    host: str
    """A DNS name in lower case; never an address."""
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        return self.host if self.port == HTTPS_PORT else f"{self.host}:{self.port}"


class Fetched(msgspec.Struct, frozen=True):
    """An answer 200 or 304."""

    body: bytes
    """Empty for 304."""
    unchanged: bool
    etag: str
    fresh_for: Seconds


class Fetcher(Protocol):
    """Fetches from outside under the rules of this module."""

    async def fetch(self, target: Target, etag: str) -> Fetched:
        """Return what is there; with an `etag` it may be said to be unchanged.  Raises Unfetchable."""
        ...


class NothingFetched:
    """`Fetcher` of a server that reaches nothing outside."""

    async def fetch(self, target: Target, etag: str) -> Fetched:  # noqa: ARG002 - the protocol's parameters
        """Fetch nothing.  Raises Unfetchable."""
        raise Unfetchable("nothing is fetched from outside here")


class Poster(Protocol):
    """Posts to outside under the rules of this module."""

    async def post(self, target: Target, body: bytes, media_type: str, bearer: str) -> int:
        """Return the status of the answer, of which nothing else counts.  Raises Unfetchable.

        Args:
            target: where to.
            body: what.
            media_type: of it.
            bearer: goes into the `Authorization` field (RFC 6750 §2.1); empty for none.
        """
        ...


class Answered(msgspec.Struct, frozen=True):
    """An answer of whatever status."""

    status: int
    body: bytes


class Deliverer(Protocol):
    """Posts to outside under the rules of this module, and reads what is answered."""

    async def deliver(self, target: Target, body: bytes, media_type: str, authorization: str) -> Answered:
        """Return the answer.  Raises Unfetchable.

        Args:
            target: where to.
            body: what.
            media_type: of it.
            authorization: the whole value of the `Authorization` field; empty for none.
        """
        ...


def read_target(url: str) -> Target:
    """Return the parts of a URL that may be fetched, addresses aside.  Raises Unfetchable."""
    match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if match is None:
        raise Unfetchable("it is not an https URL with a host name, without user, fragment or unusual characters")
    host, port = match["host"].lower(), int(match["port"] or HTTPS_PORT)
    labels = host.split(".")
    proper = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels) and _TOP_LABEL.fullmatch(labels[-1])
    if not proper or len(host) > LONGEST_HOST:
        raise Unfetchable("its host is not a full DNS name")
    if port > 65_535:  # noqa: PLR2004 - the last port there is
        raise Unfetchable("its port is none")
    return Target(host, port, (match["path"] or "/") + (match["query"] or ""))


def require_public(addresses: Iterable[str]) -> str:
    """Return the address to connect to, if every address that a name resolved to is a public one.

    One that is not makes the name unfit: who can put it there can also change which one comes first.

    Raises:
        Unfetchable: there is none, or one lies in special-use space.
    """
    found = list(addresses)
    if not found:
        raise Unfetchable("the name has no address")
    for text in found:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise Unfetchable("the name resolves to what is no address") from None
        outside = isinstance(address, ipaddress.IPv6Address) and (address not in _PUBLIC_IPV6 or address.scope_id)
        if outside or any(address in network for network in SPECIAL):
            raise Unfetchable(f"the name resolves to {address}, which is not a public address")
    return found[0]


def require_reachable(addresses: Iterable[str], inside: Iterable[str]) -> str:
    """Return the address to connect to, where networks inside are named as ones that a name may lead to.

    Args:
        addresses: all that the name resolved to.
        inside: networks, as `10.20.0.0/16`.

    Raises:
        Unfetchable: there is none, or one is neither public nor in a network that is named.
        ValueError: one of the networks is none.
    """
    found = list(addresses)
    named = [ipaddress.ip_network(network) for network in inside]
    elsewhere = [text for text in found if not any(_lies_in(text, network) for network in named)]
    if elsewhere or not found:
        require_public(elsewhere)
    return found[0]


def _lies_in(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def fresh_for(headers: Mapping[str, str]) -> Seconds:
    """Return how long an answer may be used without asking again, within our bounds.  RFC 9111 §4.2.

    Args:
        headers: by lower-case name.
    """
    control = headers.get("cache-control", "")
    if re.search(r"\bno-(store|cache)\b", control, re.IGNORECASE):
        return SHORTEST_FRESH
    told = _MAX_AGE.search(control)
    return min(max(float(told[1]), SHORTEST_FRESH), LONGEST_FRESH) if told else USUAL_FRESH
