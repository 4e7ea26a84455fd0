"""Hold payloads that are to be sealed against the document and the signer, at start.  RFC 7516.

A demand that no call could meet is a mistake at start, and not a refusal of every call.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from typing import Final

from ringfence.policy.model import ApiVersion, Demands, Policy
from ringfence.policy.openapi import CompiledDocument, Declared
from ringfence.policy.operations import Operation
from ringfence.policy.payload_model import PayloadEncryption

Found = tuple[tuple[str | int, ...], str, str]
"""Where below the version, what is wrong, and what to write instead."""

MOST_PLACES: Final = 8
"""Each costs the signer an operation with its private key."""

PURPOSE: Final = "payload"
JSON: Final = "application/json"
WHOLE: Final = "$"
WHOLE_BODY: Final = "jwe"
OAEP: Final = "RSA-OAEP-256"

OPENING: Final = frozenset({"local", "aws_kms", "vault"})
"""Providers whose keys open what is sealed to them by RSA-OAEP with SHA-256."""

_MEMBER: Final = "payload_encryption"


def payload_mistakes(policy: Policy, version: ApiVersion, compiled: CompiledDocument) -> Iterator[Found]:
    """Yield what is wrong with `payload_encryption` of a version's operations."""
    by_id = {operation.operation_id: operation for operation in compiled.operations}
    told: set[tuple[tuple[str | int, ...], str]] = set()
    for one in compiled.declared:
        operation = by_id.get(one.operation_id)
        if operation is None:
            continue
        at = _place(version, one, compiled.demands)
        for wrong, instead in (
            *_wrong(policy, operation, own=at[0] == "operations"),
            *_wrong_answers(policy, operation),
        ):
            if (at, wrong) not in told:  # what stands in `defaults` is told once
                told.add((at, wrong))
                yield at, wrong, instead


def _place(version: ApiVersion, one: Declared, demands: Mapping[str, Demands]) -> tuple[str | int, ...]:
    asked = demands[one.operation_id].payload_encryption
    for name in one.names:
        own = version.operations.get(name)
        if own is not None and own.payload_encryption is asked:
            return ("operations", name, _MEMBER)
    return ("defaults", _MEMBER)


def _wrong_answers(policy: Policy, operation: Operation) -> Iterator[tuple[str, str]]:
    asked, algorithms = operation.demands.answer_sealed, policy.protection.seal_algorithms
    if asked and asked != WHOLE_BODY and OAEP not in algorithms:
        yield (
            f"`{asked}` seals answers by {OAEP} only, which `protection.seal_algorithms` has not",
            f"add it there, or write `profile: {WHOLE_BODY}`",
        )


def _wrong(policy: Policy, operation: Operation, *, own: bool) -> Iterator[tuple[str, str]]:
    name, signer, asked = operation.operation_id, policy.signer, operation.demands.payload
    if asked is None:
        return
    if own or operation.bodies:
        body = operation.bodies.get(JSON)
        if body is None or body.validator is None:
            yield (
                f"`{name}` takes no `{JSON}` with a schema, which is what a sealed body holds",
                "declare it there: the schema describes the body in clear, or leave this out",
            )
    if operation.demands.body_signature == "compact":
        yield (
            f"the body of `{name}` is to be a signed JWS and a sealed one at once",
            "write `body_signature: detached` or `signature: required`: both cover the body as it is sent",
        )
    if signer.provider not in OPENING and PURPOSE not in signer.keep_local:
        yield (
            f"the signer's provider `{signer.provider}` opens no payloads",
            f"write `signer: {{keep_local: [{PURPOSE}]}}`",
        )
    if asked.profile == WHOLE_BODY and asked.at != {WHOLE: WHOLE}:
        yield "`at` says nothing about `jwe`, which is the whole body", "leave it out, or write another profile"
    yield from _places(asked)


def _places(asked: PayloadEncryption) -> Iterator[tuple[str, str]]:
    """Places that lie within each other, and contents that would go to one place."""
    if not 0 < len(asked.at) <= MOST_PLACES:
        yield (
            f"`at` names {len(asked.at)} places, which are one to {MOST_PLACES}",
            "write `at: {$: $}` for the whole body",
        )
    for one, other in permutations(asked.at, 2):
        if one == WHOLE or other.startswith(one + "."):
            yield f"`{other}` lies within `{one}`, which is sealed as a whole", "keep one of them"
    for one, other in combinations(asked.at.values(), 2):
        if one == other or one.startswith(other + ".") or other.startswith(one + "."):
            yield f"two contents go to `{min(one, other, key=len)}`", "write a place of its own for each"


def takes_sealed(policy: Policy) -> bool:
    """Say whether some operation takes bodies that partners seal."""
    demands = [one for api in policy.apis for v in api.versions for one in (v.defaults, *v.operations.values())]
    return any(one.payload_encryption is not None and one.payload_encryption.request == "required" for one in demands)
