"""With what somebody calls in a made-up world: nobody's choice, so it is worked out and draws no random number."""

from typing import Final
from zlib import crc32

from ringfence.agents import Agent
from ringfence.simulation.population import OWN_APP

UPDATED_EVERY: Final = 28 * 86_400.0
"""Seconds after which a browser calls itself something else; each customer's on a day of its own."""
_SECOND_DEVICE: Final = 4
"""One hour in so many, a customer takes the other device."""


def agent_of(who: str, at: float, attack: str = "") -> Agent:
    """Return the user agent of a customer, of a partner's servers or of an attacker."""
    if attack or who.startswith("partner-"):
        return Agent("library", f"{crc32((attack or who).encode()):012x}")
    device = crc32(f"{who}{int(at // 3600)}".encode()) % _SECOND_DEVICE == 0
    version = int((at + crc32(who.encode()) % UPDATED_EVERY) // UPDATED_EVERY)
    return Agent("browser", f"{crc32(f'{who} {device} {version}'.encode()):012x}")


def caller_of(client: str, user: str) -> str:
    """Return whose device calls: the customer's own, or the partner's."""
    return user if client in {"", OWN_APP} else client


def object_of(path: str, user: str, tried: str) -> str:
    """Return the object that a path with a parameter names: the customer's own, or another each time where one is `tried`."""
    return f"{crc32((tried or user).encode()):016x}" if "{" in path else ""


def has_a_new_phone(user: str, at: float) -> bool:
    """Say whether a customer sets up an authenticator in this session: one in a thousand."""
    return crc32(f"phone {user} {at:.3f}".encode()) % 1000 == 0
