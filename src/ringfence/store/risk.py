"""What speaks against a user, a client, a grant, a network or a login name: evidence that decays, in rows that everybody reads alike.

A row is its end (8 octets) and the pieces as MessagePack. The risk of several rows together is
`1 - ∏(1 - w·2^(-Δt/h))` over what is said in them, each reason once with its heaviest piece: never below 0, never 1.
"""

import hashlib
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Protocol, get_args

import msgspec

from ringfence.clock import Instant

EntityKind = Literal["user", "client", "grant", "network", "name"]
"""`name` is the SHA-256 of a login name: whom somebody tries to be, before it is known who they are."""
KINDS: Final[tuple[str, ...]] = get_args(EntityKind)
MOST_WEIGHT: Final = 0.95
"""Of one piece: nothing that was seen once is certain."""
FORGOTTEN: Final = 0.01
"""Below this weight a piece counts no longer."""
MOST_REASONS: Final = 3
UNREADABLE: Final = "unreadable"
LONGEST_VALUE: Final = 200
"""Octets of an entity's name that stand in a key as they are; LMDB takes keys of 511."""

_end = struct.Struct("<d")


class Piece(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that speaks against somebody."""

    reason: str
    """The rule or the kind of anomaly."""
    weight: float
    """At `at`, between 0 and 1."""
    half_life: float
    """Seconds."""
    at: Instant

    def now(self, now: Instant) -> float:
        """Return what is left of its weight; a clock that runs behind makes it no heavier."""
        weight = min(MOST_WEIGHT, self.weight)
        return weight * math.pow(0.5, max(0.0, now - self.at) / self.half_life)

    def ends(self) -> Instant:
        """Return when it is forgotten."""
        return Instant(self.at + self.half_life * math.log2(max(1.0, self.weight / FORGOTTEN)))


class Risk(msgspec.Struct, frozen=True, gc=False):
    """How much speaks against a caller, and what."""

    score: float = 0.0
    reasons: tuple[str, ...] = ()
    """The heaviest first, as `kind:reason`."""


NO_RISK: Final = Risk()

_decoder = msgspec.msgpack.Decoder(tuple[Piece, ...])
_encoder = msgspec.msgpack.Encoder()


def entity_key(kind: str, value: str) -> bytes:
    """Return the key of an entity's row."""
    name = value.encode("utf-8", "surrogatepass")
    if len(name) > LONGEST_VALUE:
        name = hashlib.sha256(name).hexdigest().encode()
    return kind.encode() + b":" + name


def row_of(pieces: Sequence[Piece]) -> bytes:
    """Return the row of some pieces, of which there is at least one."""
    return _end.pack(max(piece.ends() for piece in pieces)) + _encoder.encode(tuple(pieces))


def pieces_of(row: bytes) -> tuple[Piece, ...]:
    """Return the pieces of a row.  Raises msgspec.MsgspecError where it is none."""
    return _decoder.decode(row[_end.size :])


def risk_of(rows: Iterable[tuple[str, bytes | None]], now: Instant) -> Risk:
    """Return the risk of a caller.

    Args:
        rows: the kind of each of the caller's entities, and its row if there is one. A row that cannot be read
            counts as heavy: it leads to a login, not to a refusal.
        now: the present.
    """
    heaviest: dict[str, tuple[float, str]] = {}
    for kind, row in rows:
        if row is None:
            continue
        try:
            said = [(piece.reason, piece.now(now)) for piece in pieces_of(row)]
        except msgspec.MsgspecError:
            said = [(UNREADABLE, MOST_WEIGHT)]
        for reason, weight in said:
            if weight >= FORGOTTEN and weight > heaviest.get(reason, (0.0, ""))[0]:
                heaviest[reason] = weight, kind
    if not heaviest:
        return NO_RISK
    left = math.prod(1.0 - weight for weight, _ in heaviest.values())
    shown = sorted(heaviest.items(), key=lambda one: (-one[1][0], one[0]))[:MOST_REASONS]
    return Risk(round(1.0 - left, 4), tuple(f"{kind}:{reason}" for reason, (_, kind) in shown))


class RiskRows(Protocol):
    """The rows that the watch publishes. Every method raises store.interface.Unavailable."""

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the rows of some keys as they are at one moment. Does not block."""
        ...

    async def put(self, rows: Mapping[bytes, bytes | None], *, whole: bool = False) -> None:
        """Set rows, or take them away (None), in one transaction; `whole`: there are no others afterwards."""
        ...


class NoRiskRows:
    """For an installation without a watch: nothing speaks against anybody."""

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return no row for each key."""
        return [None] * len(keys)

    async def put(self, rows: Mapping[bytes, bytes | None], *, whole: bool = False) -> None:
        """Forget them."""
