"""Expressions of rules: the part of CEL that they may use, its types checked at start, and the engine that runs it.

The engine checks no types: `currency != 5` would be true for ever. So the text is read here first, every part of it
gets a type, and only what fits is given to the engine. There are no fractions, no patterns, no loops and no
joining of texts: what an expression costs is bounded by its length and by the longest text that it compares.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from ringfence.policy.expression_engine import Program, engine
from ringfence.policy.mistakes import choose

Kind = str
"""`int`, `string`, `bool`, or one of them after `list of `."""

NAMES: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = MappingProxyType(
    {
        "amount_minor": ("int", ("amount", "currency")),
        "currency": ("string", ("currency",)),
        "debtor": ("string", ("debtor",)),
        "creditor": ("string", ("creditor",)),
        "debtor_country": ("string", ("debtor_country",)),
        "creditor_country": ("string", ("creditor_country",)),
        "caller_country": ("string", ()),
        "client": ("string", ()),
        "user": ("string", ()),
        "consent": ("string", ()),
        "operation": ("string", ()),
        "scopes": ("list of string", ()),
        "actors": ("list of string", ()),
        "acr": ("string", ()),
        "login_age": ("int", ()),
        "hour": ("int", ()),
        "minute": ("int", ()),
        "weekday": ("string", ()),
        "date": ("string", ()),
    }
)
"""What every expression can speak of, its type, and the facts that it needs."""

MOST: Final = (1 << 63) - 1
"""The largest whole number of the engine; it makes an inexact one of what is larger."""
DEEPEST: Final = 24

_LIST: Final = "list of "
_METHODS: Final = frozenset({"startsWith", "endsWith", "contains"})
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>[0-9]+(?![\w.]))|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<text>"(?:[^"\\\n\r]|\\["'\\])*"|'(?:[^'\\\n\r]|\\["'\\])*')"""
    r"""|(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:()\[\],]|\.(?![0-9])))""",
    re.ASCII,
)


class Mistaken(ValueError):
    """What is wrong with an expression, and what to write instead."""

    def __init__(self, wrong: str, instead: str) -> None:
        """Tell both."""
        super().__init__(wrong)
        self.wrong, self.instead = wrong, instead


class Compiled(NamedTuple):
    """An expression as the engine has it, and the names that it uses."""

    program: Program
    names: tuple[str, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def names_in(text: str, known: Mapping[str, Kind]) -> frozenset[str]:
    """Return the names that an expression uses, every part of it of a type that fits.

    Args:
        text: the expression.
        known: the type of each name that it may use.

    Raises:
        Mistaken: it is none, or is no condition.
    """
    reader = _Reader(_tokens(text), known)
    kind = reader.expression(0)
    reader.end()
    if kind != "bool":
        raise Mistaken(f"is {_a(kind)}, and no condition", "write a comparison, such as `amount_minor <= 100000`")
    if not reader.used:
        raise Mistaken("says nothing of the call", f"use a name: {', '.join(sorted(known))}")
    try:
        compiled_once(text)
    except ValueError as why:
        raise Mistaken("cannot be read by the engine", str(why).splitlines()[0]) from None
    return frozenset(reader.used)


@lru_cache(maxsize=4096)
def compiled_once(text: str) -> Compiled:
    """Return the compiled form of an expression.  Raises ValueError."""
    program = engine().compile(text)
    return Compiled(program, tuple(program.variables()))


def _a(kind: Kind) -> str:
    return f"an {kind}" if kind == "int" else f"a {kind}"


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            begin = len(text) - len(text[at:].lstrip())
            raise Mistaken(
                f"has something at character {begin + 1} that expressions of rules do not have",
                "use names, whole numbers, texts in quotes, and operators; money is in `amount_minor`, without fractions",
            )
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Reader:
    """Reads an expression by the grammar of CEL, and returns the type of each part."""

    def __init__(self, tokens: list[_Token], known: Mapping[str, Kind]) -> None:
        self._tokens = tokens
        self._next = 0
        self._known = known
        self.used: set[str] = set()

    def end(self) -> None:
        if self._now.kind != "end":
            raise self._unexpected()

    def expression(self, depth: int) -> Kind:
        if depth > DEEPEST:
            raise Mistaken(f"is more than {DEEPEST} deep", "write several rules")
        kind = self._either(depth)
        if not self._take("?"):
            return kind
        self._same(kind, "bool", "?")
        one = self._either(depth + 1)
        self._demand(":")
        other = self.expression(depth + 1)
        self._same(other, one, ":")
        return one

    def _either(self, depth: int) -> Kind:
        return self._joined("||", lambda: self._joined("&&", lambda: self._relation(depth)))

    def _joined(self, sign: str, part: Callable[[], Kind]) -> Kind:
        kind = part()
        while self._take(sign):
            self._same(kind, "bool", sign)
            self._same(part(), "bool", sign)
        return kind

    def _relation(self, depth: int) -> Kind:
        kind = self._sum(depth)
        while sign := self._take("==", "!=", "<", "<=", ">", ">=", "in"):
            other = self._sum(depth)
            if sign == "in":
                self._same(other, _LIST + kind, sign)
            else:
                self._same(other, kind, sign)
                if kind.startswith(_LIST) or (kind == "bool" and sign not in {"==", "!="}):
                    raise Mistaken(f"compares {_a(kind)} by `{sign}`", "compare numbers or texts")
            kind = "bool"
        return kind

    def _sum(self, depth: int) -> Kind:
        kind = self._product(depth)
        while sign := self._take("+", "-"):
            self._same(kind, "int", sign)
            self._same(self._product(depth), "int", sign)
        return kind

    def _product(self, depth: int) -> Kind:
        kind = self._signed(depth)
        while sign := self._take("*", "/", "%"):
            self._same(kind, "int", sign)
            self._same(self._signed(depth), "int", sign)
        return kind

    def _signed(self, depth: int) -> Kind:
        sign = self._take("!", "-")
        if not sign:
            return self._member(depth)
        while self._take(sign):
            pass
        wanted = "bool" if sign == "!" else "int"
        self._same(self._member(depth), wanted, sign)
        return wanted

    def _member(self, depth: int) -> Kind:
        kind = self._primary(depth)
        while self._take("."):
            name = self._named()
            self._demand("(")
            if name == "size":
                kind = self._sized(kind)
            elif name in _METHODS:
                self._same(kind, "string", name)
                self._same(self.expression(depth + 1), "string", name)
                kind = "bool"
            else:
                raise Mistaken(f"uses `{name}`", choose(name, [*_METHODS, "size"]))
            self._demand(")")
        return kind

    def _primary(self, depth: int) -> Kind:
        token = self._now
        self._next += 1
        if token.kind == "number":
            if int(token.text) > MOST:
                raise Mistaken(f"has the number {token.text}", f"write one up to {MOST}")
            return "int"
        if token.kind == "text":
            return "string"
        if token.text == "(":
            kind = self.expression(depth + 1)
            self._demand(")")
            return kind
        if token.text == "[":
            kind = self.expression(depth + 1)
            while self._take(","):
                self._same(self.expression(depth + 1), kind, "[ ]")
            self._demand("]")
            if kind.startswith(_LIST):
                raise Mistaken("has a list of lists", "write a list of numbers or texts")
            return _LIST + kind
        if token.kind != "name" or token.text == "in":
            self._next -= 1
            raise self._unexpected()
        return self._name(token.text, depth)

    def _name(self, name: str, depth: int) -> Kind:
        if name in {"true", "false"}:
            return "bool"
        if name == "size" and self._take("("):
            kind = self._sized(self.expression(depth + 1))
            self._demand(")")
            return kind
        if name not in self._known:
            raise Mistaken(f"uses `{name}`, which nothing declares", choose(name, self._known))
        self.used.add(name)
        return self._known[name]

    def _sized(self, kind: Kind) -> Kind:
        if kind != "string" and not kind.startswith(_LIST):
            raise Mistaken(f"asks for the size of {_a(kind)}", "ask for that of a text or a list")
        return "int"

    @property
    def _now(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *signs: str) -> str:
        token = self._now
        if token.kind in {"sign", "name"} and token.text in signs:
            self._next += 1
            return token.text
        return ""

    def _named(self) -> str:
        token = self._now
        if token.kind != "name":
            raise self._unexpected()
        self._next += 1
        return token.text

    def _demand(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(sign)

    def _same(self, kind: Kind, wanted: Kind, sign: str) -> None:
        if kind != wanted:
            before = self._tokens[max(0, self._next - 1)]
            raise Mistaken(
                f"has {_a(kind)} before character {before.at + len(before.text) + 1}, where `{sign}` needs {_a(wanted)}",
                "compare and reckon with things of one type",
            )

    def _unexpected(self, wanted: str = "") -> Mistaken:
        token = self._now
        stands = f"`{token.text}` at character {token.at + 1}" if token.text else "an end"
        instead = f"write `{wanted}` there" if wanted else "write a name, a whole number or a text in quotes"
        return Mistaken(f"has {stands} where something else must stand", instead)
