"""What a feed says about one network, and the bounds within which it is believed.  RFC 4632; RFC 4291 §2.3; RFC 6890."""

import ipaddress
from collections.abc import Iterable
from typing import Final

import msgspec

from ringfence.clock import Instant
from ringfence.fetching import SPECIAL

WIDEST: Final = {4: 8, 6: 19}
"""Shortest prefix that is believed: no feed keeps out half of the world by one line."""
V4_BITS: Final = 32
V6_BITS: Final = 128
MOST_CONFIDENT: Final = 100
MAPPED: Final = 0xFFFF << V4_BITS
"""`::ffff:0:0`, under which IPv4 stands in IPv6 (RFC 4291 §2.5.5.2)."""


class NotBelieved(ValueError):
    """It is no network that a feed may name; the message says why."""


class Indicator(msgspec.Struct, frozen=True, gc=False):
    """A range of addresses."""

    version: int
    first: int
    last: int
    confidence: int = MOST_CONFIDENT
    """From 0 to 100, as STIX 2.1 §3.2 has it."""
    expires_at: Instant = Instant(0.0)
    """0: with its feed."""


class Reading(msgspec.Struct, frozen=True):
    """What a feed's document came to."""

    indicators: tuple[Indicator, ...] = ()
    agents: tuple[str, ...] = ()
    """RE2 patterns of user agents."""
    skipped: int = 0
    """Entries that are not used: malformed, of another kind, too wide, or of special-use space."""
    mistake: str = ""
    """The first malformed one, with its place."""


class Malformed(ValueError):
    """A document that cannot be used as a whole; the message names the place."""


_SPECIAL_RANGES: Final = {
    version: sorted(
        (int(network.network_address), int(network.broadcast_address))
        for network in SPECIAL
        if network.version == version
    )
    for version in (4, 6)
}
_UNICAST: Final = (0x2000 << 112, (0x4000 << 112) - 1)


def network(text: str) -> tuple[int, int, int]:
    """Return version, first and last address of a network or an address.

    Raises:
        NotBelieved: it is neither, wider than any feed may say, or in special-use space.
    """
    try:
        only = int(ipaddress.IPv4Address(text))
    except ValueError:
        version, first, last = _written(text)
    else:
        version, first, last = 4, only, only
    if any(first <= end and begin <= last for begin, end in _SPECIAL_RANGES[version]):
        raise NotBelieved("it touches special-use space, which is nobody's on the internet")
    if version == 6 and not (_UNICAST[0] <= first and last <= _UNICAST[1]):  # noqa: PLR2004 - the version
        raise NotBelieved("it is outside of global unicast, 2000::/3")
    return version, first, last


def _written(text: str) -> tuple[int, int, int]:
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise NotBelieved("it is no address and no network") from None
    if found.prefixlen < WIDEST[found.version]:
        raise NotBelieved(f"it is wider than /{WIDEST[found.version]}")
    return found.version, int(found.network_address), int(found.broadcast_address)


def address(text: str) -> tuple[int, int]:
    """Return version and number of an address; IPv4 within IPv6 is IPv4.  Raises ValueError."""
    try:
        return 4, int(ipaddress.IPv4Address(text))
    except ValueError:
        found = ipaddress.IPv6Address(text.partition("%")[0])
    mapped = found.ipv4_mapped
    return (6, int(found)) if mapped is None else (4, int(mapped))


def few_enough(malformed: int, entries: Iterable[object] | int) -> bool:
    """Say whether so many malformed entries are still a feed with a few slips, and not something else."""
    count = entries if isinstance(entries, int) else sum(1 for _ in entries)
    return malformed * 100 <= count
