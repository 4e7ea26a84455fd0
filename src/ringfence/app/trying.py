"""Try what an operation does to a document, under keys that are thrown away: nothing of it opens afterwards.  RFC 6901 §4."""

import json
import tempfile
from typing import Any, Final

import msgspec

from ringfence.clock import Clock
from ringfence.custody.wire import Context, DataKey, SignerRefused
from ringfence.gateway.protect import fields_of
from ringfence.gateway.seal import seal_fields
from ringfence.ids import CorrelationId, Random, new_id
from ringfence.policy.model import Policy
from ringfence.policy.operations import Operation
from ringfence.policy.payload import JSON
from ringfence.policy.protection_model import Protection
from ringfence.proofs.encryption_key import EncryptionKey
from ringfence.protect.keyring import Keyring, Rotation
from ringfence.protect.partner_profiles import REQUESTS
from ringfence.protect.protector import Protector
from ringfence.protect.sealing import sealed_to_key
from ringfence.protect.spots import spots
from ringfence.protect.uses import Uses
from ringfence.protect.vault import Vault
from ringfence.protect.whom import Whom
from ringfence.store.records import open_records
from ringfence.strict_json import parse, render

DEEPEST: Final = 64
KEY_BYTES: Final = 32


class TriedField(msgspec.Struct, frozen=True):
    """One rule, and in how many places of the document it found something."""

    at: str
    mode: str
    places: int


class Tried(msgspec.Struct, frozen=True):
    """What became of a document."""

    document: bytes
    """JSON as the API or the partner would get it; a text where it is sealed as a whole."""
    fields: tuple[TriedField, ...]
    misfits: tuple[str, ...]
    """What the operation's own schema has against the document; empty also where it says nothing."""


async def tried(
    operation: Operation,
    raw: bytes,
    on: str,
    scopes: frozenset[str],
    key: EncryptionKey,
    policy: Policy,
    clock: Clock,
    random: Random,
) -> Tried:
    """Return what an operation makes of a document.

    Args:
        operation: whose rules count.
        raw: JSON in clear: an answer as it stands after its fields were opened.
        on: `request` or `answer`.
        scopes: of the caller.
        key: of the caller, for what is sealed to it.
        policy: that the operation is of.
        clock: the present.
        random: where keys come from.

    Raises:
        Refused: it is no JSON of one meaning.
        Misfit: a field cannot be found for sure: a call with this document would be refused.
    """
    document = parse(raw, max_depth=DEEPEST)
    rules = [field for field in operation.protected if field.rule.on == on]
    counted = tuple(TriedField(f.rule.at, f.rule.mode, len(spots(document, f.parts))) for f in rules)
    misfits = _misfits(operation, raw) if on == "request" else ()
    whom = Whom("client_trial", "user_trial", "grant_trial", scopes, operation.operation_id, CorrelationId("trial"))
    with tempfile.TemporaryDirectory(prefix="ringfence-try") as folder:
        records = await open_records(f"sqlite+aiosqlite:///{folder}/records.db")

        async def opened() -> Any:
            return records

        try:
            keyring = Keyring(opened, ThrownAway(random), clock, Uses(), Rotation())
            vault = Vault(opened, keyring, clock, random)
            protector = Protector(keyring, vault, random, clock, lambda _: None)
            await protector.apply(document, fields_of(operation, on, opening=False), whom, to="caller")
        finally:
            await records.close()
    if on == "answer":
        header = {
            "iss": policy.issuer,
            "aud": whom.client,
            "operation": operation.operation_id,
            "iat": int(clock()),
        }
        seal_fields(document, operation, key, policy.protection.seal_content, header)
        document = _whole(document, operation, key, policy.protection, header, clock)
    return Tried(render(document), counted, misfits)


def _whole(
    document: Any,
    operation: Operation,
    key: EncryptionKey,
    protection: Protection,
    header: dict[str, Any],
    clock: Clock,
) -> Any:
    """Return the answer as it leaves where it is sealed as a whole."""
    if not operation.demands.answer_sealed:
        return document
    profile = REQUESTS[operation.demands.answer_sealed]
    body = render(document)
    if not profile.member:
        return sealed_to_key(body, key, protection.seal_content, header | {"cty": JSON})
    return {profile.member: sealed_to_key(body, key, profile.seals, profile.header(profile.seals, key.kid, clock()))}


def _misfits(operation: Operation, raw: bytes) -> tuple[str, ...]:
    body = operation.bodies.get(JSON)
    if body is None or body.validator is None:
        return (f"the operation takes no {JSON}",)
    errors = body.validator.iter_errors(json.loads(raw))
    return tuple(f"/{'/'.join(map(str, error.instance_path))}: {error.schema_path[-1]}" for error in errors)


class ThrownAway:
    """`protect.ports.Custody` in this process's memory alone."""

    def __init__(self, random: Random) -> None:
        """Hold no key yet."""
        self._random = random
        self._keys: dict[str, DataKey] = {}

    async def generate(self, purpose: str, context: Context) -> DataKey:  # noqa: ARG002 - as the protocol has it
        """Return a new data key."""
        made = DataKey(new_id("dk", self._random), self._random(KEY_BYTES), new_id("key", self._random))
        self._keys[made.data_key] = made
        return made

    async def open(self, data_key: str, context: Context) -> DataKey:  # noqa: ARG002 - as the protocol has it
        """Return a key that was made here.  Raises SignerRefused."""
        if data_key not in self._keys:
            raise SignerRefused("unknown", "there is no such data key")
        return self._keys[data_key]

    async def forget(self, data_key: str) -> None:
        """Let go of a key."""
        self._keys.pop(data_key, None)
