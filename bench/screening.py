"""What the screening sees, what it sees wrongly, and what it costs, beside OWASP's core rules where they are installed."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench import corpora
from bench.modsecurity import CoreRules, Missing
from ringfence.gateway.screening.pattern_set import PatternSet, verdict
from ringfence.gateway.screening.readings import BETWEEN

PAYMENT: Final = {
    "Data": {
        "ConsentId": "58923",
        "Initiation": {
            "InstructionIdentification": "ACME412",
            "EndToEndIdentification": "FRESCO.21302.GFX.20",
            "InstructedAmount": {"Amount": "165.88", "Currency": "GBP"},
            "CreditorAccount": {
                "SchemeName": "UK.OBIE.IBAN",
                "Identification": "GB29NWBK60161331926819",
                "Name": "ACME",
            },
            "RemittanceInformation": {"Unstructured": ["Internal ops code 5120101", "O'Keefe & Sons, 2nd quarter"]},
        },
    },
    "Risk": {"DeliveryAddress": {"AddressLine": ["Flat 7", "Acacia Lodge"], "TownName": "Sparsholt"}},
}
ROUNDS: Final = 500

Refuses = Callable[[Iterable[str]], bool]


def own() -> Refuses:
    """Return our screening as a question about texts."""
    patterns = PatternSet()
    return lambda texts: any(verdict(patterns.marks(text)) for text in texts)


def core(paranoia: int) -> Refuses:
    """Return the core rules as the same question.  Raises bench.modsecurity.Missing."""
    rules = CoreRules(paranoia)
    return lambda texts: rules.refuses(json.dumps({f"f{n}": text for n, text in enumerate(texts)}).encode())


def measured(refuses: Refuses) -> dict[str, tuple[int, int]]:
    """Return for each set of texts how many were refused, of how many."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def count(name: str, texts: Iterable[str]) -> None:
        counts[name][0] += refuses(texts)
        counts[name][1] += 1

    for text, attack in corpora.parameters():
        count("harmless parameters" if attack == "norm" else f"attacks: {attack}", [text])
    for family, texts in corpora.core_rule_cases():
        count(f"attacks: core rule cases {family}", texts)
        count("attacks: core rule cases, all", texts)
    for body in corpora.json_requests():
        count("harmless request examples", list(corpora.strings(body)))
    for sentence in corpora.sentences():
        count("harmless sentences", [sentence])
    return {name: (refused, asked) for name, (refused, asked) in sorted(counts.items())}


def cost(refuses: Callable[[], Any]) -> float:
    """Return CPU µs of one clean payment."""
    refuses()
    started = time.process_time()
    for _ in range(ROUNDS):
        refuses()
    return (time.process_time() - started) / ROUNDS * 1e6


def run(console: Console) -> dict[str, Any]:
    """Measure everything that is there, print the table and return its figures."""
    if not corpora.SHARED.is_dir():
        console.print("screening: the outside texts are not there; left out")
        return {}
    columns = {"ours": measured(own())}
    texts = list(corpora.strings(PAYMENT))
    patterns, joined, body = PatternSet(), BETWEEN.join(texts), json.dumps(PAYMENT).encode()
    costs = {"ours": cost(lambda: patterns.suspicious(joined))}
    try:
        for level in (1, 2):
            rules = CoreRules(level)
            columns[f"core rules, level {level}"] = measured(core(level))
            costs[f"core rules, level {level}"] = cost(lambda rules=rules: rules.refuses(body))  # type: ignore[misc]
    except Missing as why:
        console.print(f"core rules left out ({why}): apt-get install libmodsecurity3 modsecurity-crs")
    table = Table("texts refused, %", *columns, title="Screening of free text")
    for name, (_, asked) in columns["ours"].items():
        table.add_row(f"{name} ({asked})", *(f"{100 * c[name][0] / c[name][1]:.2f}" for c in columns.values()))
    table.add_row("CPU µs for a clean payment", *(f"{costs[name]:.0f}" for name in columns))
    console.print(table)
    return {"refused": columns, "micros": costs}


if __name__ == "__main__":
    run(Console(width=140))
