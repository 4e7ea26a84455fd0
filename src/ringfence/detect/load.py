"""Read rule files: those that we ship, and an operator's own beside or instead of them."""

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from ringfence.detect.compiled import CompiledRule, RuleMistake, compile_rule
from ringfence.detect.fields import known_fields
from ringfence.detect.rule import Rule
from ringfence.policy.mistakes import Mistake, PolicyMistakes
from ringfence.policy.structure import read_as
from ringfence.policy.yaml_source import read_yaml

MAX_RULE_BYTES: Final = 65_536


def read_rule(raw: bytes, file: str) -> CompiledRule:
    """Return the rule in a file.

    Raises:
        PolicyMistakes: with file, line, column and what to write instead.
    """
    if len(raw) > MAX_RULE_BYTES:
        raise PolicyMistakes([Mistake(file, 0, 0, f"is larger than {MAX_RULE_BYTES} bytes")])
    source = read_yaml(raw, file)
    rule = read_as(source, Rule)
    try:
        return compile_rule(rule, known_fields())
    except RuleMistake as why:
        raise PolicyMistakes([source.mistake(why.path, why.message, why.instead)]) from None


def shipped() -> tuple[CompiledRule, ...]:
    """Return the rules that come with Ringfence, by id."""
    folder = resources.files("ringfence.detect") / "catalogue"
    found = [read_rule(entry.read_bytes(), entry.name) for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return tuple(sorted(found, key=lambda rule: rule.rule.id))


def with_own(folder: Path | None) -> tuple[CompiledRule, ...]:
    """Return the shipped rules with an operator's: one of the same id takes the place of ours.

    Raises:
        PolicyMistakes: every mistake in every file of the folder.
    """
    rules = {rule.rule.id: rule for rule in shipped()}
    if folder is None:
        return tuple(rules.values())
    mistakes: list[Mistake] = []
    own: dict[str, str] = {}
    for path in own_files(folder):
        try:
            rule = read_rule(path.read_bytes(), str(path))
        except PolicyMistakes as found:
            mistakes.extend(found.mistakes)
            continue
        except OSError as error:
            mistakes.append(Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}"))
            continue
        if rule.rule.id in own:
            mistakes.append(
                Mistake(str(path), 0, 0, f"`{rule.rule.id}` stands in {own[rule.rule.id]} too", "another id")
            )
        own[rule.rule.id] = str(path)
        rules[rule.rule.id] = rule
    if mistakes:
        raise PolicyMistakes(mistakes)
    return tuple(rules[name] for name in sorted(rules))


def own_files(folder: Path) -> Iterable[Path]:
    """Return the YAML files of a folder, by name.  Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})


def in_force(rules: Iterable[CompiledRule], modes: Mapping[str, str]) -> tuple[CompiledRule, ...]:
    """Return the rules in the modes that the policy sets, without those that it turns off."""
    return tuple(
        msgspec.structs.replace(
            rule, rule=msgspec.structs.replace(rule.rule, mode=modes.get(rule.rule.id, rule.rule.mode))
        )
        for rule in rules
        if modes.get(rule.rule.id) != "off"
    )
