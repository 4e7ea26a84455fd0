"""Whether a network of an event is an address that a SIEM can compute with; a /64 or a hash is not."""

from ipaddress import ip_address
from typing import Literal


def address_version(network: str) -> Literal[0, 4, 6]:
    """Return the version of the IP address, 0 for anything else."""
    try:
        return ip_address(network).version
    except ValueError:
        return 0
