"""Read the patterns out of OWASP's core rule set, as ModSecurity's rule files have them.

Taken are rules that match a regular expression against arguments, at the first paranoia level, that
stand alone and whose tag names a class that we know. RE2 has no look-around: what needs it is left out.
"""

import re
from collections.abc import Iterator
from typing import Final

from ringfence.gateway.screening.pattern import SURE, AttackClass, Pattern
from ringfence.gateway.screening.pattern_set import InvalidPattern, PatternSet

_CONTINUED: Final = re.compile(r"\\\n\s*")
_RULE: Final = re.compile(r'^SecRule\s+(\S+)\s+"@rx\s((?:[^"\\]|\\.)*)"\s+"((?:[^"\\]|\\.)*)"', re.MULTILINE)
_NUMBER: Final = re.compile(r"\bid:(\d+)")
_CHAINED: Final = re.compile(r"(?:^|,)\s*chain\s*(?:,|$)")
_FIRST_LEVEL: Final = "tag:'paranoia-level/1'"
_CLASSES: Final = {
    "attack-sqli": AttackClass.SQL,
    "attack-xss": AttackClass.XSS,
    "attack-rce": AttackClass.COMMAND,
    "attack-lfi": AttackClass.PATH,
    "attack-rfi": AttackClass.SSRF,
    "attack-injection-php": AttackClass.CODE,
    "attack-injection-java": AttackClass.CODE,
    "attack-injection-nodejs": AttackClass.CODE,
    "attack-injection-generic": AttackClass.CODE,
}


def core_rules(text: str) -> Iterator[Pattern]:
    """Yield the patterns of one rule file."""
    for variables, expression, actions in _RULE.findall(_CONTINUED.sub(" ", text)):
        attack = next((known for tag, known in _CLASSES.items() if f"tag:'{tag}'" in actions), None)
        number = _NUMBER.search(actions)
        if attack is None or number is None or _FIRST_LEVEL not in actions or _CHAINED.search(actions):
            continue
        if "ARGS" in variables.split("|"):
            yield Pattern(f"crs-{number[1]}", attack, SURE, expression.replace('\\"', '"'))


def usable(patterns: tuple[Pattern, ...]) -> tuple[tuple[Pattern, ...], tuple[str, ...]]:
    """Return the patterns that RE2 takes, and the names of the others."""
    taken, left = [], []
    for pattern in patterns:
        try:
            PatternSet((pattern,))
        except InvalidPattern:
            left.append(pattern.name)
        else:
            taken.append(pattern)
    return tuple(taken), tuple(left)
