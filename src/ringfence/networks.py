"""What one caller's network is known by, and the larger one around it.  RFC 6177 §2."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

IPV6_SUBSCRIBER_BITS: Final = 64
"""Of an IPv6 address, what one subscriber cannot change at will."""
IPV6_SITE_BITS: Final = 48
LONGEST_NAME: Final = 64
"""Of what is no address: nobody fills our memory with it."""


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str:
    """Return what one caller's network is known by: an IPv4 address, the /64 of an IPv6 address, else the text."""
    return _networks(address)[0]


@lru_cache(maxsize=65_536)
def prefix_of(address: str) -> str:
    """Return the neighbourhood of an address: the /24 around IPv4, the /48 around IPv6, else the text."""
    return _networks(address)[1]


def _networks(text: str) -> tuple[str, str]:
    try:
        address = ip_address(text.partition("%")[0].partition("/")[0])
    except ValueError:
        return text[:LONGEST_NAME], text[:LONGEST_NAME]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address):
        around = [str(IPv6Network((address, bits), strict=False)) for bits in (IPV6_SUBSCRIBER_BITS, IPV6_SITE_BITS)]
        return around[0], around[1]
    return str(address), f"{str(address).rpartition('.')[0]}.0/24"
