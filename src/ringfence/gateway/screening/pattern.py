"""What a pattern of the screening is, and the classes of attack that it can be a mark of.  CWE-74."""

import enum
from typing import Final

import msgspec


class AttackClass(enum.StrEnum):
    """What an attacker wants the text to become behind us."""

    SQL = "sql"
    NOSQL = "nosql"
    COMMAND = "command"
    PATH = "path"
    XSS = "xss"
    TEMPLATE = "template"
    CODE = "code"
    LDAP = "ldap"
    XXE = "xxe"
    SSRF = "ssrf"
    LOG = "log"
    HEADER = "header"


SURE: Final = 5
"""Weight of a mark that no customer writes by accident."""
HINT: Final = 3
"""Weight of a mark that needs a second one beside it in the same text."""


class Pattern(msgspec.Struct, frozen=True):
    """One mark: a regular expression in RE2's syntax, read without regard to case."""

    name: str
    """Stands in events and in waivers; never shown to callers."""
    attack: AttackClass
    weight: int
    expression: str


def marks(attack: AttackClass, weight: int, table: dict[str, str]) -> tuple[Pattern, ...]:
    """Return the patterns of a table of names and expressions."""
    return tuple(Pattern(f"{attack.value}-{name}", attack, weight, text) for name, text in table.items())
