"""The types of security events that others may send us, and which of them call for nothing.  OpenID CAEP §3; OpenID RISC Profile §2; OpenID Shared Signals Framework §8.1.4, §8.1.5."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from ringfence.policy.signals_model import EventName

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_SSF: Final = "https://schemas.openid.net/secevent/ssf/event-type/"

VERIFICATION: Final = f"{_SSF}verification"
STREAM_UPDATED: Final = f"{_SSF}stream-updated"

ABOUT_THE_STREAM: Final = frozenset({VERIFICATION, STREAM_UPDATED})
"""Events that every transmitter may send: they say nothing of customers."""

_OF_CAEP: Final = frozenset(
    {
        "session-revoked",
        "token-claims-change",
        "credential-change",
        "assurance-level-change",
        "device-compliance-change",
        "risk-level-change",
    }
)

NAMES: Final[Mapping[str, EventName]] = {
    (_CAEP if name in _OF_CAEP else _RISC) + name: name for name in get_args(EventName)
}
"""What a policy calls each type, by its URI."""


def name_of(kind: str) -> str:
    """Return what a policy calls an event type, or the last part of its URI."""
    return NAMES[kind] if kind in NAMES else kind.rpartition("/")[2]


def is_harmless(kind: str, details: dict[str, Any]) -> bool:
    """Say whether an event tells that something is well, or better than before: then nothing is done.

    A member that is missing, or says what nobody expects, is no reassurance.
    """
    match NAMES.get(kind):
        case "assurance-level-change":
            return details.get("change_direction") == "increase"
        case "device-compliance-change":
            return details.get("current_status") == "compliant"
        case "risk-level-change":
            return details.get("current_level") == "LOW"
        case _:
            return False
