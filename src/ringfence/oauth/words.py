"""Put what a client asks for into the sentences that customers read.  RFC 9396 §5; OpenID Connect Core §3.1.2.4."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ringfence.oauth.checks.scope import OPENID
from ringfence.policy.details import TYPE, CompiledType

IDENTITY_SENTENCE: Final = "Know who you are"
"""What the consent page says for `openid` where the policy has no words of its own."""

ABSENT: Final = "–"

_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode categories that can hide or turn round what a text looks like."""

Path = tuple[str, ...]


class Wording(msgspec.Struct, frozen=True):
    """One thing that is asked for: its sentence, and whatever the sentence does not say."""

    sentence: str
    facts: tuple[tuple[str, str], ...] = ()
    """Name and value of each member that the sentence leaves out."""


def wordings(
    scopes: Sequence[str],
    details: Sequence[Mapping[str, Any]],
    known_scopes: Mapping[str, str],
    types: Mapping[str, CompiledType],
) -> tuple[Wording, ...]:
    """Return what scopes and details come to, details first: they are the more exact.

    A scope or type that the policy has dropped since is shown by its name.
    """
    return (*(_detail(detail, types) for detail in details), *(Wording(_scope(s, known_scopes)) for s in scopes))


def shown(text: str) -> str:
    """Return a text without characters that cannot be seen; never cut, as its end may be what matters."""
    return "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)


def _scope(scope: str, known: Mapping[str, str]) -> str:
    return known.get(scope) or (IDENTITY_SENTENCE if scope == OPENID else scope)


def _detail(detail: Mapping[str, Any], types: Mapping[str, CompiledType]) -> Wording:
    kind = types.get(detail[TYPE])
    words = kind.words if kind else (detail[TYPE],)
    said = [piece for piece in words if isinstance(piece, tuple)]
    sentence = "".join(piece if isinstance(piece, str) else _at(detail, piece) for piece in words)
    members = {name: value for name, value in detail.items() if name != TYPE}
    left = ((path, value) for path, value in _leaves(members, ()) if not any(path[: len(one)] == one for one in said))
    return Wording(shown(sentence), tuple((shown(" ".join(path)), _text(value)) for path, value in left))


def _at(detail: Mapping[str, Any], path: Path) -> str:
    value: Any = detail
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return _text(value)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield everything that an object holds, with its path; lists of plain values whole."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(index + 1)))
    else:
        yield path, value


def _text(value: Any) -> str:
    match value:
        case None | [] | {}:
            return ABSENT
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_text(inner) for inner in value)
        case dict():
            return ", ".join(f"{shown(name)} {_text(inner)}" for name, inner in value.items())
        case _:
            return shown(str(value))
