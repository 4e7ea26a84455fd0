"""Do to the fields of a document what the policy says.  RFC 6901 §4; NIST SP 800-38D; PCI DSS §3.4.1, §3.5.1."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ringfence.clock import Clock
from ringfence.events import Event
from ringfence.events.protection import FieldsRevealed
from ringfence.ids import Random
from ringfence.policy.protected_fields import sibling
from ringfence.policy.protection_model import OPENING, ProtectedField
from ringfence.problem import Refused
from ringfence.protect.binding import Purpose, Scope, bound
from ringfence.protect.envelope import (
    GCM,
    PREFIX,
    SIV,
    Sealed,
    Unopenable,
    open_equal,
    open_random,
    read,
    seal,
    seal_equal,
)
from ringfence.protect.indexes import index_of
from ringfence.protect.keyring import Keyring
from ringfence.protect.masks import masked
from ringfence.protect.nonces import Nonces
from ringfence.protect.spots import Misfit, Spot, holders, spots
from ringfence.protect.vault import Vault
from ringfence.protect.whom import Whom
from ringfence.strict_json import parse, render

_NEEDS: Final[dict[str, tuple[tuple[Purpose, bool], ...]]] = {
    "encrypt": (("encrypt", True),),
    "deterministic": (("deterministic", True),),
    "open": (("encrypt", False), ("deterministic", False)),
    "tokenise": (("token", True),),
    "detokenise": (("token", False),),
    "blind_index": (("index", True),),
    "mask": (),
    "seal": (),
}
"""By mode, purposes of keys and whether to seal."""

MOST_TOKENS: Final = 200
"""Places of one field in one document that get a token, or lose it: each is a question to the records."""

_DEEPEST: Final = 64
_DECOY: Final = Sealed(GCM, "", 0, b"", bytes(64))
_DECOY_CIPHER: Final = AESGCM(bytes(32))


class Protector:
    """Changes documents in place, with the keys of one worker."""

    def __init__(
        self, keyring: Keyring, vault: Vault, random: Random, clock: Clock, emit: Callable[[Event], None]
    ) -> None:
        """Take what it works with; `emit` raises Unavailable where an event could be lost."""
        self._keyring = keyring
        self._vault = vault
        self._nonces = Nonces(random)
        self._clock = clock
        self._emit = emit

    async def ready(self, fields: Sequence[ProtectedField], whom: Whom, *, answers: bool) -> None:
        """Return if the keys of these fields are at hand, and those of answers that are kept.

        Raises:
            Unavailable: the signer or the records are gone, and nothing is held any more.
        """
        for field in fields:
            for purpose, to_seal in _purposes(field):
                scope = _scope(field, whom, purpose)
                if not self._keyring.at_hand(scope, to_seal=to_seal):
                    await self._keyring.ready(scope, to_seal=to_seal)
        if answers:
            await self._keyring.ready(_of_answers(whom), to_seal=True)

    async def apply(self, document: Any, fields: Sequence[ProtectedField], whom: Whom, *, to: str) -> None:
        """Protect or open the fields of a document, which is changed in place.

        Args:
            document: parsed JSON.
            fields: blind indexes before what changes their field.
            whom: the caller.
            to: who gets it, `upstream` or `caller`.

        Raises:
            Unopenable: something that is to be opened does not open here.
            Misfit: a field that is to be protected is not where, or not of the kind that, it must be.
            Unavailable: the signer, the records or the event stream are gone.
        """
        for field in fields:
            mode = field.rule.mode
            if mode in OPENING:
                if whom.gets_clear(field.rule):
                    await self._reveal(_reached(document, field), field, whom, to)
            elif mode == "blind_index":
                await self._index(document, field, whom)
            elif mode != "mask" or not whom.gets_clear(field.rule):
                await self._protect(spots(document, field.parts), field, whom)

    async def seal_answer(self, body: bytes, whom: Whom, key: bytes) -> bytes:
        """Return an answer's body in the form in which it may be kept for a repetition.  Raises Unavailable."""
        scope = _of_answers(whom)
        current = await self._keyring.current(scope, "encrypt")
        return seal(current.head, current.random, self._nonces.draw(), body, bound(scope) + key).encode("ascii")

    async def open_answer(self, kept: bytes, whom: Whom, key: bytes) -> bytes:
        """Return the body that was kept.  Raises Unopenable, Unavailable."""
        return await self._opened(read(kept.decode("ascii")), _of_answers(whom), key)

    async def _protect(self, found: list[Spot], field: ProtectedField, whom: Whom) -> None:
        rule = field.rule
        match rule.mode:
            case "encrypt":
                scope = _scope(field, whom, "encrypt")
                binding = bound(scope)
                for spot in found:
                    key = await self._keyring.current(scope, "encrypt")
                    iv = self._nonces.draw()
                    spot.put(seal(key.head, key.random, iv, render(spot.value), binding))
            case "deterministic":
                scope = _scope(field, whom, "deterministic")
                binding = bound(scope)
                for spot in found:
                    key = await self._keyring.current(scope, "encrypt")
                    assert key.equal is not None, "made for this purpose"
                    spot.put(seal_equal(key.head, key.equal, render(spot.value), binding))
            case "tokenise":
                if len(found) > MOST_TOKENS:
                    raise Misfit
                scope, same = _scope(field, whom, "token"), rule.normalise if rule.same_token else None
                making = [self._vault.token(scope, _text(spot), rule.form, same=same) for spot in found]
                for spot, token in zip(found, await asyncio.gather(*making), strict=True):
                    spot.put(token)
            case "mask":
                for spot in found:
                    spot.put(masked(_text(spot), rule.keep_first, rule.keep_last))
            case _:
                raise AssertionError(rule.mode)

    async def _index(self, document: Any, field: ProtectedField, whom: Whom) -> None:
        rule, name, beside = field.rule, field.parts[-1], sibling(field.rule)
        scope = _scope(field, whom, "index")
        for holder in holders(document, field.parts):
            if not isinstance(holder, dict):
                if holder is not None:
                    raise Misfit
                continue
            holder.pop(beside, None)  # only we say what the index is
            if holder.get(name) is not None:
                key = await self._keyring.current(scope, "index")
                holder[beside] = index_of(_text(Spot(holder, name)), rule.normalise, key.secret, rule.bits)

    async def _reveal(self, found: list[Spot], field: ProtectedField, whom: Whom, to: str) -> None:
        if not found:
            return
        if field.rule.mode == "open":
            for spot in found:
                spot.put(await self._open(spot.value, field, whom))
            return
        if len(found) > MOST_TOKENS:
            raise Unopenable
        scope = _scope(field, whom, "token")
        values = [await self._detokenised(spot.value, scope, field) for spot in found]
        revealed = FieldsRevealed(
            at=self._clock(),
            correlation=whom.correlation,
            operation=whom.operation,
            resource=field.resource,
            field=field.name,
            count=len(found),
            to=to,
            client=whom.client,
            user=whom.user,
            grant=whom.grant,
        )
        self._emit(revealed)  # before anybody gets them
        for spot, value in zip(found, values, strict=True):
            spot.put(value)

    async def _detokenised(self, value: Any, scope: Scope, field: ProtectedField) -> str:
        if not isinstance(value, str):
            raise Unopenable
        try:
            return await self._vault.value(scope, value)
        except Unopenable:
            if field.rule.plain == "pass":
                return value
            raise

    async def _open(self, value: Any, field: ProtectedField, whom: Whom) -> Any:
        envelope = isinstance(value, str) and value.startswith(PREFIX)
        if not envelope and field.rule.plain == "pass":
            return value
        sealed = read(value) if envelope else None
        purpose: Purpose = "deterministic" if sealed is not None and sealed.algorithm == SIV else "encrypt"
        raw = await self._opened(sealed, _scope(field, whom, purpose), b"")
        try:
            return msgspec.json.decode(raw) if raw[:1] == b'"' else parse(raw, max_depth=_DEEPEST)
        except (Refused, msgspec.DecodeError):
            raise Unopenable from None

    async def _opened(self, sealed: Sealed | None, scope: Scope, more: bytes) -> bytes:
        """Return what is in an envelope. Whatever is wrong takes the same steps: two openings, and one look at the keys."""
        for last in (False, True):
            key = await self._keyring.named(scope, sealed.data_key, sealed.version) if sealed is not None else None
            try:
                if sealed is None or key is None:
                    return open_random(_DECOY, _DECOY_CIPHER, b"")
                if sealed.algorithm == SIV:
                    if key.equal is None:
                        return open_random(_DECOY, _DECOY_CIPHER, b"")
                    return open_equal(sealed, key.equal, bound(scope) + more)
                return open_random(sealed, key.random, bound(scope) + more)
            except Unopenable:
                if last:
                    raise
            await self._keyring.look_again(scope)
        raise AssertionError("one of the two has returned or raised")


def _reached(document: Any, field: ProtectedField) -> list[Spot]:
    """Return the places of a field that is to be opened; where it cannot be reached, it stays closed."""
    try:
        return spots(document, field.parts)
    except Misfit:
        return []


def _purposes(field: ProtectedField) -> tuple[tuple[Purpose, bool], ...]:
    """Return what keys a field needs, and whether to seal."""
    if field.rule.same_token:
        return (("token", True), ("token-index", True))
    return _NEEDS[field.rule.mode]


def _scope(field: ProtectedField, whom: Whom, purpose: Purpose) -> Scope:
    return Scope(whom.tenant(field.rule), field.resource, field.name, field.rule.revision, purpose)


def _of_answers(whom: Whom) -> Scope:
    return Scope(f"client:{whom.client}", "idempotency", "answer", 1, "answer")


def _text(spot: Spot) -> str:
    if not isinstance(spot.value, str):
        raise Misfit
    return spot.value
