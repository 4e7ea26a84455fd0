"""Take out of an answer what the token's consent does not cover.  RFC 9396 §9.1; RFC 6901 §4.

What cannot be looked into does not leave, and a permission that cannot be read is none.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ringfence.gateway.answer import has_body
from ringfence.gateway.conform import MAX_DEPTH, media_type_of, with_body, withheld, without_spoilt
from ringfence.gateway.objects import about, texts
from ringfence.gateway.stages import Valid
from ringfence.gateway.whole_body import whole_body
from ringfence.message import Response
from ringfence.policy.answer_schemas import is_json
from ringfence.policy.members import EVERY
from ringfence.policy.minimise_model import Minimise, MinimisedField
from ringfence.problem import Reason, Refused
from ringfence.strict_json import parse, render

MARK: Final = "consent:"
"""Before the pointers of what a consent does not cover, in events."""


class _Misfit(Exception):
    """A list stands for an object or the other way round: the member could be anywhere."""


class Minimal(msgspec.Struct, frozen=True, gc=False):
    """An answer that holds what the consent covers, and what was taken out of it."""

    response: Response
    stripped: tuple[str, ...] = ()
    """Pointers of the policy, marked; a marked empty one is the whole body."""


def require_permissions(valid: Valid) -> Valid:
    """Return the call unless its answer has to hold what the consent does not cover, and the policy refuses that.

    Raises:
        Refused: CONSENT_EXCEEDED.
    """
    minimised = valid.limited.authorized.identified.located.operation.minimised
    if minimised is not None and minimised.rule.required == "refuse":
        for field in uncovered(valid):
            if field.required:
                raise Refused(Reason.CONSENT_EXCEEDED, f"the answer has {field.at}, which needs {field.permission}")
    return valid


async def minimise(response: Response, valid: Valid) -> Minimal:
    """Return an answer without the members whose permission the token's consent does not name.

    Args:
        response: held against the document already, and in clear.
        valid: the call that it answers.

    Raises:
        Refused: UPSTREAM_FIELD where the members cannot be looked for; an error then loses its body.
    """
    gone = uncovered(valid)
    if not gone:
        return Minimal(response)
    located = valid.limited.authorized.identified.located
    if not has_body(located.request.method, response.status):
        # Its length and its tag would tell of the whole.
        return Minimal(without_spoilt(response))
    if response.body == b"":
        return Minimal(response)
    body, rest = await whole_body(response.body, located.operation.response_rules.max_bytes)
    if rest is None and is_json(media_type_of(response.headers)):
        try:
            document = parse(body, max_depth=MAX_DEPTH)
            taken = tuple(MARK + field.at for field in gone if _take(document, field.parts))
        except (Refused, _Misfit):
            pass
        else:
            if taken:
                return Minimal(with_body(response, render(document)), taken)
            return Minimal(Response(response.status, response.headers, body))
    why = "an answer in which members that the consent does not cover cannot be found"
    return Minimal(await withheld(response, rest, why), (MARK,))


def uncovered(valid: Valid) -> tuple[MinimisedField, ...]:
    """Return the members of the operation's answers whose permission the token's consent does not name."""
    minimised = valid.limited.authorized.identified.located.operation.minimised
    if minimised is None:
        return ()
    named = _named(minimised.rule, valid)
    return tuple(field for field in minimised.fields if field.permission not in named)


def _named(rule: Minimise, valid: Valid) -> frozenset[str]:
    """Return the permissions that count for this call.

    Where the operation's `objects` say what the call is about, an object of the consent counts that names all of it.
    Where nothing says so, the answer may be about any object of the consent: what all of them name counts.
    """
    identified = valid.limited.authorized.identified
    token, demands = identified.token, identified.located.operation.demands
    if not rule.type:
        return token.scopes
    if not (token.grant_id or token.consent_id):
        return frozenset()
    rules = [one for one in demands.objects if one.type == rule.type]
    details = [one for one in token.authorization_details if one.get("type") == rule.type]
    named = [_permissions(one, rule.permissions) for one in details if all(about(valid, one, it) for it in rules)]
    if not named:
        return frozenset()
    return frozenset.union(*named) if rules else frozenset.intersection(*named)


def _permissions(detail: dict[str, Any], at: str) -> frozenset[str]:
    found = list(texts(detail, at))
    return frozenset() if None in found else frozenset(text for text in found if text is not None)


def _take(document: Any, parts: Sequence[str]) -> bool:
    """Take a member out wherever it stands, null or not, and say whether it stood anywhere.  Raises _Misfit."""
    here = [document]
    for part in parts[:-1]:
        inside: list[Any] = []
        for holder in here:
            if _fits(holder, part):
                if part == EVERY:
                    inside += holder
                elif part in holder:
                    inside.append(holder[part])
        here = inside
    last, taken = parts[-1], False
    for holder in here:
        if not _fits(holder, last):
            continue
        if last == EVERY:
            taken = taken or bool(holder)
            holder.clear()
        elif last in holder:
            taken = True
            del holder[last]
    return taken


def _fits(holder: Any, part: str) -> bool:
    """Say whether a part of a pointer leads on here; texts, numbers and null hold nothing.  Raises _Misfit."""
    if not isinstance(holder, list | dict):
        return False
    if isinstance(holder, list) is not (part == EVERY):
        raise _Misfit
    return True
