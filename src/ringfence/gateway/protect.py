"""Protect single fields of what goes to the API and of what it answers.  RFC 6901 §4; RFC 9110 §8.

Requests are changed last, after every decision, so rules and screening read them in clear. Answers are opened before
they are held against the document, which describes them in clear, and protected after that.
"""

from typing import Final

import msgspec

from ringfence.gateway.answer import has_body
from ringfence.gateway.conform import media_type_of, with_body, withheld
from ringfence.gateway.ports import NotSent, Protection
from ringfence.gateway.stages import Claimed, Constrained, Identified, Reworked, Spent
from ringfence.gateway.whole_body import whole_body
from ringfence.message import Headers, Response
from ringfence.policy.answer_schemas import is_json
from ringfence.policy.operations import Operation
from ringfence.policy.protection_model import OPENING, ProtectedField
from ringfence.problem import Reason, Refused
from ringfence.protect.envelope import Unopenable
from ringfence.protect.spots import Misfit
from ringfence.protect.whom import Whom
from ringfence.store.idempotency import Answer
from ringfence.store.interface import Unavailable
from ringfence.strict_json import parse, render

OF_THE_BODY: Final = frozenset(
    {"content-digest", "repr-digest", "digest", "content-md5", "signature", "signature-input", "x-jws-signature"}
)
"""Request fields about the octets that came, which are not those that go on."""

_DEEPEST: Final = 64


def fields_of(
    operation: Operation, on: str, *, opening: bool | None = None, sealing: bool = False
) -> tuple[ProtectedField, ...]:
    """Return the fields of one direction; with `opening`, those that are opened, or the others; or those sealed to the caller."""
    return tuple(
        field
        for field in operation.protected
        if field.rule.on == on
        and (field.rule.mode == "seal") is sealing
        and (opening is None or (field.rule.mode in OPENING) is opening)
    )


async def keys_at_hand(constrained: Constrained, protection: Protection) -> None:
    """Return if what a call needs can be protected and opened; asked before anything is taken.  Raises Unavailable."""
    identified = constrained.screened.valid.limited.authorized.identified
    operation = identified.located.operation
    fields, kept = operation.keyed, operation.keeps_sealed
    if fields or kept:
        await protection.ready(fields, whom(identified), answers=kept)


async def protect(spent: Spent, protection: Protection) -> Reworked:
    """Return the call with its fields protected.

    Raises:
        NotSent: FIELD_UNREADABLE for what does not open or has no field where one must be, UNAVAILABLE.
    """
    screened = spent.constrained.screened
    valid = screened.valid
    identified = valid.limited.authorized.identified
    fields = fields_of(identified.located.operation, "request")
    if not fields or not valid.body:
        return Reworked(screened, valid.body, changed=valid.opened)
    try:
        # Changed in place: every decision has been made, and nobody reads it after this. What was checked of a signed
        # body lacks the claims about its signature, which the API gets with the rest.
        document = parse(valid.body, max_depth=_DEEPEST) if valid.media_type else valid.payload
        await protection.apply(document, fields, whom(identified), to="upstream")
    except (Misfit, Unopenable):
        raise NotSent(Reason.FIELD_UNREADABLE) from None
    except Unavailable as why:
        raise NotSent(Reason.UNAVAILABLE, private=str(why), headers=(("retry-after", "1"),)) from None
    return Reworked(screened, render(document), changed=True)


def without_digests(headers: Headers) -> Headers:
    """Return request fields without those about a body that has been changed."""
    return tuple(field for field in headers if field[0] not in OF_THE_BODY)


async def opened(response: Response, spent: Spent, protection: Protection) -> Response:
    """Return the API's answer with the fields in clear that this caller gets in clear.

    Raises:
        Refused: UPSTREAM_FIELD where something does not open.
        Unavailable: the signer or the records are gone.
    """
    return await _reworked(response, spent, protection, opening=True)


async def closed(response: Response, spent: Spent, protection: Protection) -> Response:
    """Return an answer with its fields masked, encrypted or replaced by tokens.

    Raises:
        Refused: UPSTREAM_FIELD where a field cannot be found for sure: the answer then stays inside.
        Unavailable: the signer or the records are gone.
    """
    return await _reworked(response, spent, protection, opening=False)


async def sealed(answer: Answer, claimed: Claimed, protection: Protection) -> Answer:
    """Return an answer in the form in which it is kept: where the operation protects anything, not in clear.

    Raises:
        Unavailable: the signer or the records are gone.
    """
    identified = claimed.constrained.screened.valid.limited.authorized.identified
    if not identified.located.operation.keeps_sealed:
        return answer
    body = await protection.seal_answer(answer.body, whom(identified), claimed.key)
    return msgspec.structs.replace(answer, body=body, sealed=True)


async def unsealed(claimed: Claimed, protection: Protection) -> Claimed:
    """Return a repetition with the answer that was kept in clear.

    Raises:
        Refused: UPSTREAM_FIELD where it does not open.
        Unavailable: the signer or the records are gone.
    """
    answer = claimed.answer
    if answer is None or not answer.sealed:
        return claimed
    identified = claimed.constrained.screened.valid.limited.authorized.identified
    try:
        body = await protection.open_answer(answer.body, whom(identified), claimed.repeated)
    except Unopenable:
        raise Refused(Reason.UPSTREAM_FIELD, private="the answer that was kept does not open") from None
    clear = msgspec.structs.replace(answer, body=body, sealed=False)
    return msgspec.structs.replace(claimed, answer=clear)


def clear_for(identified: Identified) -> tuple[str, ...]:
    """Return the fields of the answer that this caller's scopes, and not everybody's, show in clear."""
    fields = fields_of(identified.located.operation, "answer")
    scoped = [field for field in fields if field.rule.clear_for]
    return tuple(field.rule.at for field in scoped if whom(identified).gets_clear(field.rule))


def whom(identified: Identified) -> Whom:
    """Return the caller as field protection knows him."""
    token, located = identified.token, identified.located
    return Whom(
        token.client_id,
        token.user_id,
        token.grant_id,
        token.scopes,
        located.operation.operation_id,
        located.request.correlation,
    )


async def _reworked(response: Response, spent: Spent, protection: Protection, *, opening: bool) -> Response:
    identified = spent.constrained.screened.valid.limited.authorized.identified
    operation = identified.located.operation
    fields = fields_of(operation, "answer", opening=opening)
    if not fields or response.body == b"" or not has_body(identified.located.request.method, response.status):
        return response
    body, rest = await whole_body(response.body, operation.response_rules.max_bytes)
    if rest is None and is_json(media_type_of(response.headers)):
        try:
            document = parse(body, max_depth=_DEEPEST)
            await protection.apply(document, fields, whom(identified), to="caller")
        except Unopenable:
            raise Refused(Reason.UPSTREAM_FIELD, private="a protected field does not open") from None
        except (Misfit, Refused):
            if not opening:
                raise Refused(Reason.UPSTREAM_FIELD, private="a field stands where it is not looked for") from None
        else:
            return with_body(response, render(document))
    if opening:
        return Response(response.status, response.headers, body if rest is None else rest)
    return await withheld(response, rest, "an answer in which no field can be found")
