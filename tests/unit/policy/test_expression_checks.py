"""Expressions are held against what the operation declares."""

from typing import Any

import msgspec
import pytest

from ringfence.policy.expression_checks import expression_mistakes, fits
from ringfence.policy.model import Demands
from ringfence.policy.rules_model import Facts, Rule

KINDS = {"/purpose": "string", "/count": "integer", "/rate": "number", "/urgent": "boolean"}
PARAMETERS = {"query.page": "integer", "query.kind": "string", "query.ids": "array"}


def body_member(pointer: str, taken: frozenset[str]) -> str:
    return "" if KINDS.get(pointer) in taken else f"`{pointer}` is not so"


def mistakes(must: str, *, geo: bool = False, facts: Facts | None = None, **more: Any) -> list[str]:
    one = msgspec.convert({"name": "r", "expression": {"must": must, "say": "no", **more}}, Rule)
    found = expression_mistakes(Demands(facts=facts, rules=(one,)), body_member, PARAMETERS, geo=geo)
    return [f"{member}: {wrong}; {instead}" for member, wrong, instead in found]


def values(**places: tuple[str, str]) -> dict[str, Any]:
    return {name: {"at": at, "type": kind} for name, (at, kind) in places.items()}


def test_what_fits() -> None:
    assert mistakes('purpose == "rent" && page < 5', values=values(purpose=("/purpose", "string"), page=("query.page", "int"))) == []  # fmt: skip
    assert mistakes("amount_minor < 5", facts=Facts(amount="/a", currency="/c")) == []
    assert mistakes('caller_country == "GB"', geo=True) == []


@pytest.mark.parametrize(
    ("must", "more", "told"),
    [
        ("hour < 'a'", {}, "rules: the expression of the rule `r` has a string before"),
        ("hour < 5", {"zone": "Europe/Nowhere"}, "`Europe/Nowhere`, which is not known"),
        ("amount_minor < 5", {}, "write `amount` under `facts`"),
        ("caller_country == 'GB'", {}, "name a database under `geo`"),
        ("a == 1", {"values": values(a=("/rate", "int"))}, "a wrong place for `a`: `/rate` is not so"),
        ("a == 1", {"values": values(a=("/purpose", "int"))}, "a wrong place for `a`"),
        ("a == 1", {"values": values(a=("query.size", "int"))}, "which is no parameter"),
        ("a == 1", {"values": values(a=("query.kind", "int"))}, "of the type string"),
        ("a == ''", {"values": values(a=("query.ids", "string"))}, "of the type array"),
        ("hour == 1", {"values": values(hour=("/count", "int"))}, "declares `hour`, which every expression has"),
        ("hour == 1", {"values": values(a=("/count", "int"))}, "does not use `a`"),
        ("a == 1", {"values": {"a": {"at": "/count", "type": "int", "absent": True}}}, "an `absent` for `a`"),
        ("a == 1", {"values": {"a": {"at": "/count", "type": "int", "absent": 1 << 63}}}, "an `absent` for `a`"),
    ],
)
def test_what_does_not_fit_is_told(must: str, more: dict[str, Any], told: str) -> None:
    assert any(told in one for one in mistakes(must, **more))


def test_types_are_exact() -> None:
    assert fits(1, "int")
    assert not any(fits(value, "int") for value in (True, 1.0, "1", 1 << 63, -(1 << 63), None, [1]))
    assert fits("", "string")
    assert not fits(1, "bool")
