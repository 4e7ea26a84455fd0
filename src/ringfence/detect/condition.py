"""Compile a rule's condition over its measures: arithmetic and comparisons, nothing that runs.

Python's own parser reads it; every node that is not on the short list is refused.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

Numbers = Mapping[str, float]
Condition = Callable[[Numbers], bool]
_Term = Callable[[Numbers], Any]

LONGEST: Final = 500
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b if b else 0.0,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
}


class InvalidCondition(ValueError):
    """A condition cannot be used; the message says why, in the words of who wrote it."""


def compile_condition(text: str, names: frozenset[str]) -> Condition:
    """Return the condition as a function of the measures; a division by nothing gives 0.

    Raises:
        InvalidCondition: it is not well-formed, too long, or names something that is not measured.
    """
    if len(text) > LONGEST:
        raise InvalidCondition(f"longer than {LONGEST} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidCondition("not a condition: write for example `tries >= 10 and users >= 5`") from None
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp):
        raise InvalidCondition("it compares nothing: write for example `tries >= 10`")
    term = _term(tree, names)
    return lambda numbers: bool(term(numbers))


def floors(text: str) -> tuple[tuple[str, float], ...]:
    """Return measures with what each must at least come to: without all of these the condition cannot be true.

    Args:
        text: a condition that `compile_condition` has taken.
    """
    tree = ast.parse(text, mode="eval").body
    terms = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    found: list[tuple[str, float]] = []
    for term in terms:
        match term:
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.GtE()], comparators=[ast.Constant(value=int() | float() as least)]
            ):
                found.append((name, float(least)))
            case _:
                continue
    return tuple(found)


def _term(node: ast.expr, names: frozenset[str]) -> _Term:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return lambda _: value
        case ast.Name(id=name):
            if name not in names:
                known = ", ".join(f"`{n}`" for n in sorted(names))
                raise InvalidCondition(f"`{name}` is not measured: {known} are")
            return lambda numbers: numbers[name]
        case ast.BoolOp(op=op, values=values):
            terms = [_term(value, names) for value in values]
            if isinstance(op, ast.And):
                return lambda numbers: all(term(numbers) for term in terms)
            return lambda numbers: any(term(numbers) for term in terms)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            denied = _term(inner, names)
            return lambda numbers: not denied(numbers)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            a, b, combine = _term(left, names), _term(right, names), _ARITHMETIC[type(op)]
            return lambda numbers: combine(a(numbers), b(numbers))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            c, d, compare = _term(left, names), _term(right, names), _COMPARISONS[type(op)]
            return lambda numbers: compare(c(numbers), d(numbers))
        case _:
            raise InvalidCondition(f"`{ast.unparse(node)}` is not taken here")
