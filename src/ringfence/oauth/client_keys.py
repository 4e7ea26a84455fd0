"""Find a client's keys: those it registered, or those at its `jwks_uri`, remembered for a while.  RFC 7591 §2; RFC 7517 §5.

Who asks for keys has not authenticated yet, so what an unknown `kid` or a failed fetch sets off is limited
for each URL, however many requests ask.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog

from ringfence import strict_json
from ringfence.clients.encryption_keys import NO_KEYS, KeysAt
from ringfence.clients.key_overlap import keys_in_force
from ringfence.clock import Clock, Instant, Seconds
from ringfence.fetching import Fetched, Fetcher, Unfetchable, read_target
from ringfence.problem import Reason, Refused
from ringfence.proofs.encryption_key import usable_encryption_keys
from ringfence.proofs.jwk import ALGORITHMS, Algorithm, VerificationKey, parse_jwks, parse_public_jwk
from ringfence.proofs.jws import Kind, header_of, split
from ringfence.store.model import Client

_log = structlog.get_logger("ringfence.oauth")

Keys = Mapping[str, VerificationKey]

MOST_KEYS: Final = 50
"""Keys looked at in one set; partners with separate sets for each environment have a dozen."""

MAX_DEPTH: Final = 8

MOST_REMEMBERED: Final = 10_000
"""Clients whose registered keys are kept as they were read; a kilobyte or two each."""

REFETCH_SECONDS: Final[Seconds] = 30.0
"""For an unknown `kid`, or after a failure, a URL is not asked again before."""

STALE_SECONDS: Final[Seconds] = 3600.0
"""How long beyond their time keys go on working while the URL cannot be fetched."""


class _Held(msgspec.Struct, frozen=True):
    """What is remembered of one URL."""

    keys: KeysAt
    etag: str
    fresh_until: Instant
    asked_at: Instant


_NEVER: Final = _Held(NO_KEYS, "", Instant(0.0), Instant(-REFETCH_SECONDS))


class ClientKeys:
    """The keys of all clients, in one process."""

    def __init__(self, fetcher: Fetcher, clock: Clock, algorithms: tuple[Algorithm, ...] = ALGORITHMS) -> None:
        """Remember nothing yet; keys of other algorithms are left out of what is fetched."""
        self._algorithms = algorithms
        self._fetcher = fetcher
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._registered: dict[str, tuple[Mapping[str, Any], Keys]] = {}

    async def of(self, client: Client, raw: str, kind: Kind, reason: Reason) -> Keys:
        """Return the keys that a JWT of this client may be signed with, by `kid`.

        Args:
            client: whose keys; it registered them, or where they are.
            raw: the JWT, of which the header's `kid` is looked at, to know whether a new key is looked for.
            kind: what the JWT is used as.
            reason: what a refusal is called.

        Raises:
            Refused: with `reason`, when the keys cannot be had; the kind's own for a malformed JWT.
        """
        registered = keys_in_force(client, self._clock())
        if not client.jwks_uri:
            return self._of_record(client, registered, reason)
        fetched = await self.at(client.jwks_uri, raw, kind, reason)
        # those that it had registered before it said where its keys are
        return {**(parse_jwks(registered, reason=reason) if registered else {}), **fetched}

    async def at(self, url: str, raw: str, kind: Kind, reason: Reason) -> Keys:
        """Return the keys at a URL that the JWT `raw` may be signed with, by `kid`.  Raises Refused as `of`."""
        kid = header_of(split(raw, kind).encoded_header, kind).get("kid")
        keys = await self.known_at(url, kid if isinstance(kid, str) else "")
        if not keys:
            raise Refused(reason, "its keys could not be fetched from its jwks_uri")
        return keys

    async def known_at(self, url: str, kid: str = "") -> Keys:
        """Return the keys for signatures at a `jwks_uri`, or none; what `all_at` says."""
        return (await self.all_at(url, kid)).signing

    async def all_at(self, url: str, kid: str = "") -> KeysAt:
        """Return the keys at a `jwks_uri`, fetched where their time is over or `kid` is not one for signatures; or none."""
        async with self._locks.setdefault(url, asyncio.Lock()):
            held, now = self._held.get(url, _NEVER), self._clock()
            wanted = now >= held.fresh_until or (kid != "" and kid not in held.keys.signing)
            if wanted and now >= held.asked_at + REFETCH_SECONDS:
                held = self._held[url] = await self._fetch(url, held)
        return NO_KEYS if now >= held.fresh_until + STALE_SECONDS else held.keys

    def _of_record(self, client: Client, registered: dict[str, Any], reason: Reason) -> Keys:
        """Return registered keys; those of a set that is still the same are not read again."""
        known = self._registered.get(client.client_id)
        if known is not None and known[0] == registered:
            return known[1]
        keys = parse_jwks(registered, reason=reason)
        if len(self._registered) >= MOST_REMEMBERED:
            self._registered.clear()
        self._registered[client.client_id] = (registered, keys)
        return keys

    async def _fetch(self, url: str, held: _Held) -> _Held:
        try:
            fetched = await self._fetcher.fetch(read_target(url), held.etag)
            keys = held.keys if fetched.unchanged else usable_keys(fetched, self._algorithms)
        except Unfetchable as why:
            _log.warning("keys not fetched", url=url, why=str(why))
            return msgspec.structs.replace(held, asked_at=self._clock())
        now = self._clock()
        return _Held(keys, fetched.etag or held.etag, Instant(now + fetched.fresh_for), now)


def usable_keys(fetched: Fetched, algorithms: tuple[Algorithm, ...] = ALGORITHMS) -> KeysAt:
    """Return the keys of a fetched set that may verify signatures, or be sealed to; others, and those that share a `kid`, are left out.

    Raises:
        Unfetchable: it is no JWK set, or has none.
    """
    try:
        document: Any = strict_json.parse(fetched.body, max_depth=MAX_DEPTH)
    except Refused as refused:
        raise Unfetchable(f"it is not JSON of one meaning: {refused.detail}") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise Unfetchable(f'it is no JWK set: an object with an array "keys" of at most {MOST_KEYS}')
    found: dict[str, VerificationKey] = {}
    twice: set[str] = set()
    for jwk in members:
        try:
            key = parse_public_jwk(jwk, algorithms=algorithms, need_kid=True) if isinstance(jwk, dict) else None
        except Refused:
            continue  # a key for encryption, or of an algorithm that is not ours
        if key is not None and key.kid in found:
            twice.add(key.kid)
        if key is not None:
            found[key.kid] = key
    signing = {kid: key for kid, key in found.items() if kid not in twice}
    keys = KeysAt(signing, usable_encryption_keys(members))
    if not keys:
        raise Unfetchable("its set holds no key that may sign, and none that may be sealed to")
    return keys
