"""Write a small country database in MaxMind's format (MaxMind DB File Format Specification 2.0)."""

import struct
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple


class Wide(NamedTuple):
    """A number of 4 or 8 octets; others have 2."""

    size: int
    number: int = 0


_BITS = 128
_RECORD = 3


def write_countries(file: Path, networks: Mapping[str, Any]) -> Path:
    """Write a file that knows these networks, each with its row (IPv4 stands below ::/96, as in the real ones)."""
    nodes: list[list[Any]] = [[None, None]]
    for text, row in networks.items():
        network = ip_network(text)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        address = int(network.network_address)
        node = 0
        for depth in range(length):
            bit = address >> (_BITS - 1 - depth) & 1
            if depth == length - 1:
                nodes[node][bit] = ("row", row)
            else:
                if not isinstance(nodes[node][bit], int):
                    nodes.append([None, None])
                    nodes[node][bit] = len(nodes) - 1
                node = nodes[node][bit]
    data = b""
    tree = b""
    for node in nodes:
        for record in node:
            if record is None:
                value = len(nodes)
            elif isinstance(record, int):
                value = record
            else:
                value = len(nodes) + 16 + len(data)
                data += _encoded(record[1])
            tree += value.to_bytes(_RECORD, "big")
    about = {
        "node_count": Wide(4, len(nodes)),
        "record_size": 8 * _RECORD,
        "ip_version": 6,
        "database_type": "Test-Country",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": Wide(8, 1_800_000_000),
        "description": {"en": "for tests"},
    }
    file.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return file


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            return bytes([2 << 5 | len(value)]) + value.encode()
        case int():
            return bytes([5 << 5 | 2]) + value.to_bytes(2, "big")
        case float():
            return bytes([3 << 5 | 8]) + struct.pack(">d", value)
        case Wide(size=size):
            head = bytes([6 << 5 | 4]) if size == 4 else bytes([8, 9 - 7])
            return head + value.number.to_bytes(size, "big")
        case list():
            return bytes([len(value), 11 - 7]) + b"".join(_encoded(one) for one in value)
        case _:
            return bytes([7 << 5 | len(value)]) + b"".join(_encoded(k) + _encoded(v) for k, v in value.items())
