"""Values that we give a browser and take back once: challenges, and that a password was right.  Web Authentication Level 3 §13.4.3.

Nothing is stored when one is given out, so that opening pages fills no table: it holds its own end and a
mark of ours over what it is about. Taking it back claims it, by compare-and-set, until it would have ended.
"""

import hashlib
import hmac
import struct
from typing import Final

from ringfence.clock import Instant, Seconds
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.sessions import bound_to_browser
from ringfence.problem import Reason, Refused
from ringfence.proofs.segments import decode_segment, encode_segment

VOUCHER_SECONDS: Final[Seconds] = 300.0
"""How long a customer may take."""

_RANDOM_BYTES: Final = 16
"""Web Authentication Level 3 §13.4.3."""

_END: Final = struct.Struct(">d")
_MARK_BYTES: Final = 32
_HEAD_BYTES: Final = _RANDOM_BYTES + _END.size


def give(purpose: str, about: str, exchange: Exchange, server: Server, ends_at: Instant | None = None) -> str:
    """Return a fresh value for this browser, its request and session, in base64url.

    Args:
        purpose: what it is good for.
        about: whom or what else it concerns; may be empty.
        exchange: whose browser it is.
        server: settings and ports.
        ends_at: for one that follows upon another and must not outlive it.
    """
    end = Instant(exchange.now + VOUCHER_SECONDS) if ends_at is None else ends_at
    head = server.ports.random(_RANDOM_BYTES) + _END.pack(end)
    return encode_segment(head + _mark(head, purpose, about, exchange, server))


def check(text: str, purpose: str, about: str, exchange: Exchange, server: Server) -> Instant:
    """Return when a value ends that we gave this browser for this.

    Raises:
        Refused: SESSION_INVALID for any other, and for one that has ended.
    """
    raw = decode_segment(text, Reason.SESSION_INVALID)
    head, mark = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
    if len(raw) != _HEAD_BYTES + _MARK_BYTES:
        raise Refused(Reason.SESSION_INVALID)
    if not hmac.compare_digest(mark, _mark(head, purpose, about, exchange, server)):
        raise Refused(Reason.SESSION_INVALID)
    ends_at = Instant(_END.unpack(head[_RANDOM_BYTES:])[0])
    if not exchange.now < ends_at:
        raise Refused(Reason.SESSION_INVALID)
    return ends_at


async def take_back(text: str, purpose: str, about: str, exchange: Exchange, server: Server) -> Instant:
    """Return when it would have ended, the one time that it is taken.

    Raises:
        Refused: SESSION_INVALID, as `check`, and the second time.
    """
    ends_at = check(text, purpose, about, exchange, server)
    key = b"voucher:" + hashlib.sha256(text.encode()).digest()
    if not await server.ports.fast.claim(key, ends_at, exchange.now):
        raise Refused(Reason.SESSION_INVALID)
    return ends_at


def _mark(head: bytes, purpose: str, about: str, exchange: Exchange, server: Server) -> bytes:
    bound = f"voucher\n{purpose}\n{about}\n{bound_to_browser(exchange, purpose)}\n"
    return server.ports.sealer.mark(bound.encode() + head)
