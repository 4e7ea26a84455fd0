"""Compare one operation of two policies: what a call to it has to bring, and what it may bring."""

from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from ringfence.policy.difference import Compare, Direction, either, flag, more, order, shown, taken
from ringfence.policy.limits_diff import compare_limits
from ringfence.policy.linking_model import StepUp
from ringfence.policy.minimise_diff import compare_minimised
from ringfence.policy.operations import Body, Operation, Parameter, Validator
from ringfence.policy.responses_model import Treatment
from ringfence.policy.schema_diff import compare_schemas
from ringfence.policy.screening_model import AttackName
from ringfence.policy.templates import read_template

Said = Iterator[tuple[Direction, str]]

_ENDLESS: Final = float("inf")
_TREATMENTS: Final[tuple[Treatment, ...]] = ("pass", "report", "strip", "refuse")
_OTHER: Final = either("other")


def _scopes(old: Any, new: Any) -> Said:
    yield from (("stricter", f"{scope} is demanded now") for scope in sorted(new - old))
    yield from (("looser", f"{scope} is no longer demanded") for scope in sorted(old - new))


def _ways(every: frozenset[str], off: str) -> Compare:
    """Return the comparison of a demand for one of several ways, of which `off` takes all."""

    def compare(old: Any, new: Any) -> Said:
        before, after = (every if value == off else {value} for value in (old, new))
        return taken()(before, after)

    return compare


def _signature(old: Any, new: Any) -> Said:
    if "off" in (old, new):
        return order("off", *({old, new} - {"off"}))(old, new)
    return either("unclear")(old, new)


def _link(old: Any, new: Any) -> Said:
    direction: Direction = "stricter" if old is None else "looser" if new is None else "unclear"
    yield direction, f"{shown(new)} now, was {shown(old)}"


def _rules(old: Any, new: Any) -> Said:
    """Rules each of which refuses: one that a newer one covers is not missed, one that an older covered adds nothing."""
    for rule in old:
        if not any(_covers(other, rule) for other in new):
            yield "looser", f"no longer: {shown(rule)}"
    for rule in new:
        if not any(_covers(other, rule) for other in old):
            yield "stricter", f"now: {shown(rule)}"
    if set(map(shown, old)) == set(map(shown, new)):
        yield "other", "in another order"


def _covers(strict: Any, rule: Any) -> bool:
    """Say whether whatever `rule` refuses, `strict` refuses too."""
    if strict == rule:
        return True
    if not (isinstance(strict, StepUp) and isinstance(rule, StepUp)):
        return False
    return (
        strict.amount == rule.amount
        and float(strict.at_least) <= float(rule.at_least)
        and (not rule.acr or (bool(strict.acr) and set(strict.acr) <= set(rule.acr)))
        and _seconds(strict.max_age_seconds) <= _seconds(rule.max_age_seconds)
    )


def _seconds(value: int | None) -> float:
    return _ENDLESS if value is None else value


def _business(old: Any, new: Any) -> Said:
    """Rules about money and people; one in shadow refuses nothing."""
    before, after = ([rule for rule in side if rule.mode == "enforce"] for side in (old, new))
    if before == after:
        yield "other", "of rules in shadow"
    else:
        yield from _rules(before, after)


def _keys(old: Any, new: Any) -> Said:
    """Idempotency keys: demanded of more calls, or remembered otherwise."""
    if old is None or new is None:
        yield "unclear", f"{shown(new)} now, was {shown(old)}"
    elif old.required != new.required:
        yield from flag()(old.required, new.required)
    else:
        yield "other", f"{shown(new)} now, was {shown(old)}"


def _sealing(old: Any, new: Any) -> Said:
    """Answers that are sealed to the caller's key, as one of the profiles has it."""
    if old and new:
        yield "other", f"{new} now, was {old}"
    else:
        yield (
            ("stricter" if new else "looser"),
            f"answers are {'sealed' if new else 'no longer sealed'} by {new or old}",
        )


def _risk(old: Any, new: Any) -> Said:
    """A newer or stronger login from some risk on."""
    if old is None or new is None:
        yield ("stricter" if old is None else "looser"), f"{shown(new)} now, was {shown(old)}"
        return
    compare = {"step_up_at": more("looser"), "acr": taken(empty_is_all=True), "max_age_seconds": more("looser")}
    for name, of in compare.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield from ((direction, f"{name}: {what}") for direction, what in of(before, after))


DEMANDS: Final[dict[str, Compare]] = {
    "scopes": _scopes,
    "user_required": flag(),
    "binding": _ways(frozenset({"dpop", "mtls"}), "any"),
    "limits": compare_limits,
    "cost": more("stricter"),
    "max_body_bytes": more("looser"),
    "nonce_required": flag(),
    "acr": taken(empty_is_all=True),
    "max_age_seconds": more("looser", none=_ENDLESS),
    "step_up": _rules,
    "link": _link,
    "facts": either("unclear"),
    "rules": _business,
    "idempotency": _keys,
    "risk": _risk,
    "objects": _rules,
    "signature_required": flag(),
    "body_signature": _signature,
    "payload": _link,
    "payload_upstream": _OTHER,
    "answer_sealed": _sealing,
    "priority": _OTHER,
    "response_signed": flag(),
    "durable": flag(),
}

SIGNED: Final[dict[str, Compare]] = {
    "claims": _scopes,
    "max_age_seconds": more("looser"),
    "issuers": either("unclear"),
    "trust_anchors": taken(),
}

ANSWERS: Final[dict[str, Compare]] = {
    "undeclared_status": order(*_TREATMENTS),
    "undeclared_member": order(*_TREATMENTS),
    "wrong_type": order(*_TREATMENTS),
    "max_bytes": _OTHER,
}


def _exceptions(old: Any, new: Any) -> Said:
    before, after = _unread(old), _unread(new)
    for at in sorted(before.keys() | after.keys()):
        one, other = before.get(at, set()), after.get(at, set())
        if one - other:
            yield "stricter", f"{at} is read again for {', '.join(sorted(one - other))}"
        if other - one:
            yield "looser", f"{at} is no longer read for {', '.join(sorted(other - one))}"
    if before == after:
        yield "other", "in other words"


def _unread(exceptions: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in exceptions:
        found.setdefault(one.at, set()).update(one.classes or get_args(AttackName))
    return found


SCREENING: Final[dict[str, Compare]] = {"mode": order("off", "shadow", "enforce"), "exceptions": _exceptions}


def _struct(rows: dict[str, Compare]) -> Compare:
    """Return the comparison of structs member by member; one that no row names is unclear."""

    def compare(old: Any, new: Any) -> Said:
        for name in old.__struct_fields__:
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                said = rows.get(name, either("unclear"))(*(_sorted(v, name) for v in (before, after)))
                yield from ((direction, f"{name}: {what}") for direction, what in said)

    return compare


def _sorted(value: Any, name: str) -> Any:
    return frozenset(value) if name == "claims" else value


def _protected(old: Any, new: Any) -> Said:
    """Fields that are protected; who is given a value in clear is told as unclear, like anything else within a rule."""
    sides = [
        {
            (one.rule.on, one.rule.at, one.rule.mode if one.rule.mode in {"blind_index", "seal"} else ""): one
            for one in side
        }
        for side in (old, new)
    ]
    before, after = sides
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        front = f"{key[1]} of the {key[0]}"
        if one is None or other is None:
            added = other or one
            clears = added is not None and added.rule.mode in {"open", "detokenise"}
            there = other is not None
            yield (
                ("looser" if there == clears else "stricter"),
                f"{front}: {shown(added)} {'now' if there else 'is gone'}",
            )
        elif one != other:
            yield "unclear", f"{front}: {shown(other)} now, was {shown(one)}"


OPERATION: Final[dict[str, Compare]] = {
    "api": _OTHER,
    "version": _OTHER,
    "operation_id": _OTHER,
    "template": _OTHER,
    "upstream": _struct(
        {"max_response_bytes": more("looser")}
        | dict.fromkeys(
            (
                "url",
                "connect_timeout_seconds",
                "timeout_seconds",
                "idle_timeout_seconds",
                "keep_alive_seconds",
                "max_connections",
                "max_waiting",
                "max_header_bytes",
                "overload",
            ),
            _OTHER,
        )
    ),
    "demands": _struct(DEMANDS),
    "body_required": flag(),
    "unknown_query": order("pass", "refuse"),
    "signed_bodies": _struct(SIGNED),
    "response_rules": _struct(ANSWERS),
    "screening": _struct(SCREENING),
    "protected": _protected,
    "minimised": compare_minimised,
}
"""The members of a compiled operation that compare by their value."""

APART: Final = frozenset({"method", "upstream_name", "parameters", "bodies", "statuses", "responses"})
"""Compared below or elsewhere; `upstream_name` and `method` follow from others."""


def compare_operations(old: Operation, new: Operation) -> Said:
    """Yield how an operation differs: direction, and what with the setting's name in front."""
    for name in old.__struct_fields__:
        if name in APART:
            continue
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            inside = isinstance(before, msgspec.Struct)
            said = OPERATION.get(name, either("unclear"))(before, after)
            front = "" if name == "demands" else f"{name}." if inside else f"{name}: "
            yield from ((direction, front + what) for direction, what in said)
    yield from _parameters(old, new)
    yield from _bodies(old, new)


def _parameters(old: Operation, new: Operation) -> Said:
    sides = _named(old), _named(new)
    for location, name in sorted(sides[0].keys() | sides[1].keys()):
        one, other = (side.get((location, name)) for side in sides)
        front = f"{location} {(other or one).name}"  # type: ignore[union-attr]  # one of them has it
        if one is not None and other is not None:
            yield from ((d, f"{front}: {w}") for d, w in _parameter(one, other))
            yield from _schemas(front, one.validator, other.validator)
            continue
        refused = location == "query" and new.unknown_query == "refuse"
        if other is not None:
            yield from _appears(other, front, refused=refused)
        elif one is not None:
            if one.required:
                yield "looser", f"{front}: need no longer be there"
            if refused:
                yield "stricter", f"{front}: is no longer taken"
            else:
                yield "looser", f"{front}: is no longer checked"


def _named(operation: Operation) -> dict[tuple[str, str], Parameter]:
    """Return the parameters by what callers write: those of the path by their place in it."""
    names = [name for segment in read_template(operation.template) for name in segment.names]
    return {
        (p.location, str(names.index(p.name)) if p.location == "path" else p.name.lower())
        if p.location in {"path", "header"}
        else (p.location, p.name): p
        for p in operation.parameters
    }


def _appears(parameter: Parameter, front: str, *, refused: bool) -> Said:
    if parameter.required:
        yield "stricter", f"{front}: must be there now"
    if refused:
        yield "looser", f"{front}: is taken now"
    else:
        yield "stricter", f"{front}: is checked now"


def _parameter(old: Parameter, new: Parameter) -> Said:
    if old.required != new.required:
        yield ("stricter", "must be there now") if new.required else ("looser", "need no longer be there")
    if old.allow_empty != new.allow_empty:
        yield ("looser", "may be empty now") if new.allow_empty else ("stricter", "may no longer be empty")
    for name in old.__struct_fields__:
        if name in {"name", "location", "required", "allow_empty", "validator", "texts"}:
            continue
        if getattr(old, name) != getattr(new, name):
            yield "unclear", f"{name}: {shown(getattr(new, name))} now, was {shown(getattr(old, name))}"


def _bodies(old: Operation, new: Operation) -> Said:
    for media in sorted(old.bodies.keys() | new.bodies.keys()):
        one, other = old.bodies.get(media), new.bodies.get(media)
        if one is None or other is None:
            yield (
                ("looser", f"body {media}: is taken now")
                if one is None
                else ("stricter", f"body {media}: is no longer taken")
            )
        else:
            yield from _body(f"body {media}", one, other)


def _body(front: str, old: Body, new: Body) -> Said:
    for name in old.__struct_fields__:
        if name in {"media_type", "validator", "texts"}:
            continue
        if getattr(old, name) != getattr(new, name):
            yield "unclear", f"{front}: {name} changed"
    if old.validator is None or new.validator is None:
        if old.validator is not new.validator:
            checked = old.validator is None
            yield ("stricter", f"{front}: is checked now") if checked else ("looser", f"{front}: is no longer checked")
        return
    yield from _schemas(front, old.validator, new.validator)


def _schemas(front: str, old: Validator, new: Validator) -> Said:
    for change in compare_schemas(old.written(), new.written()):
        yield change.direction, f"{front} {change.at}: {change.what}" if change.at else f"{front}: {change.what}"
