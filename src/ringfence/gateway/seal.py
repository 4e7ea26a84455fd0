"""Seal what is answered to the key that the caller registered for it.  RFC 7516; RFC 7517 §4.2; RFC 7519 §5.3.

Whether there is such a key is asked before anything is taken: an answer that cannot be sealed must not stand for
something that has happened. Sealing comes last, so an answer that is repeated is sealed anew, to the key of now.
"""

from typing import Any, Final

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.answer import has_body
from ringfence.gateway.conform import media_type_of, with_body, withheld, without_spoilt
from ringfence.gateway.payload import JOSE
from ringfence.gateway.ports import ClientKeys
from ringfence.gateway.protect import fields_of
from ringfence.gateway.stages import Identified
from ringfence.gateway.whole_body import whole_body
from ringfence.message import Response
from ringfence.policy.answer_schemas import is_json
from ringfence.policy.operations import Operation
from ringfence.policy.payload import OAEP
from ringfence.problem import Reason, Refused
from ringfence.proofs.encryption_key import EncryptionKey
from ringfence.protect.partner_profiles import REQUESTS, Profile
from ringfence.protect.sealing import JSON, sealed_to_key
from ringfence.protect.spots import Misfit, spots
from ringfence.strict_json import parse, render

MOST_SEALED: Final = 200
"""Places of one field in one answer: each costs an operation with the partner's key, 40 to 240 µs."""

NOBODY: Final[EncryptionKey | None] = None
"""To whom an answer is sealed that is not."""

_DEEPEST: Final = 64


def sealing_key(identified: Identified, accepted: Acceptance, client_keys: ClientKeys) -> EncryptionKey | None:
    """Return the caller's key that the answer will be sealed to; None where nothing is.

    Raises:
        Refused: ENCRYPTION_KEY, the caller has registered none that the policy lets us seal to.
        Unavailable: clients' keys cannot be had.
    """
    operation = identified.located.operation
    if not operation.seals:
        return None
    profile = _profile(operation)
    # The formats of the card schemes know one algorithm.
    algorithms = (OAEP,) if profile is not None and profile.member else accepted.seal_algorithms
    client = client_keys.of(identified.token.client_id)
    for algorithm in algorithms:
        for key in client.sealing if client is not None else ():
            if key.algorithm == algorithm:
                return key
    raise Refused(
        Reason.ENCRYPTION_KEY, f"register a JWK with use `enc`, a kid and one of these as alg: {', '.join(algorithms)}"
    )


async def seal(
    response: Response, identified: Identified | None, key: EncryptionKey | None, accepted: Acceptance, now: Instant
) -> Response:
    """Return the answer sealed, as a whole or field by field; as it is where nothing is demanded.

    Args:
        response: to be sealed; a streamed body is read whole.
        identified: whose call it answers.
        key: from `sealing_key`.
        accepted: says who we are, and how content is encrypted.
        now: the present.

    Raises:
        Refused: UPSTREAM_FIELD for what cannot be sealed for sure; it stays inside, but for an error, which loses its body.
    """
    if key is None or identified is None:
        return response
    operation, method = identified.located.operation, identified.located.request.method
    if not has_body(method, response.status):
        return without_spoilt(response)
    if response.body == b"":
        return response
    body, rest = await whole_body(response.body, operation.response_rules.max_bytes)
    media_type = media_type_of(response.headers)
    encoded = any(name == "content-encoding" for name, _ in response.headers)
    profile = _profile(operation)
    if rest is not None or encoded or (not is_json(media_type) and (profile is None or bool(profile.member))):
        return await withheld(response, rest, "an answer that cannot be sealed")
    header = _header(identified, accepted, now)
    if profile is None:
        return _fields(response, body, operation, key, accepted, header)
    if profile.member:
        return _member(response, body, key, profile, now)
    says = header | ({"cty": media_type} if media_type else {})
    sealed = sealed_to_key(body, key, accepted.seal_content, says)
    return _of_type(with_body(response, sealed.encode("ascii")), JOSE)


def _profile(operation: Operation) -> Profile | None:
    return REQUESTS[operation.demands.answer_sealed] if operation.demands.answer_sealed else None


def _header(identified: Identified, accepted: Acceptance, now: Instant) -> dict[str, Any]:
    """Return what a header says: from whom, for whom, answering what, when."""
    return {
        "iss": accepted.issuer,
        "aud": identified.token.client_id,
        "operation": identified.located.operation.operation_id,
        "iat": int(now),
    }


def _fields(
    response: Response,
    body: bytes,
    operation: Operation,
    key: EncryptionKey,
    accepted: Acceptance,
    header: dict[str, Any],
) -> Response:
    """Return the answer with its sealed fields."""
    try:
        document = parse(body, max_depth=_DEEPEST)
        seal_fields(document, operation, key, accepted.seal_content, header)
    except (Misfit, Refused):
        raise Refused(Reason.UPSTREAM_FIELD, private="a field stands where it is not looked for") from None
    return with_body(response, render(document))


def seal_fields(document: Any, operation: Operation, key: EncryptionKey, enc: str, header: dict[str, Any]) -> None:
    """Put a JWE, which says where it belongs, in the place of each value that is to be sealed.

    Raises:
        Misfit: a field cannot be found for sure, or there are too many.
    """
    for field in fields_of(operation, "answer", sealing=True):
        found = spots(document, field.parts)
        if len(found) > MOST_SEALED:
            raise Misfit
        for spot in found:
            spot.put(sealed_to_key(render(spot.value), key, enc, header | {"cty": JSON, "at": field.rule.at}))


def _member(response: Response, body: bytes, key: EncryptionKey, profile: Profile, now: Instant) -> Response:
    """Return the answer as a card scheme has it: JSON with the JWE in a member."""
    says = profile.header(profile.seals, key.kid, now)
    sealed = with_body(response, render({profile.member: sealed_to_key(body, key, profile.seals, says)}))
    named = ((profile.key_header.lower(), key.kid),) if profile.key_header else ()
    return _of_type(sealed, JSON, named)


def _of_type(response: Response, media_type: str, more: tuple[tuple[str, str], ...] = ()) -> Response:
    others = tuple(field for field in response.headers if field[0] != "content-type")
    return Response(response.status, (*others, ("content-type", media_type), *more), response.body)
