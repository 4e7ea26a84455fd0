"""Every reason for a refusal is provoked by a test somewhere."""

import re
from pathlib import Path

from ringfence.problem import MEANINGS, Reason
from tools.tree import ROOT, listed, modules

DEBT = ROOT / "tools" / "reasons_debt.txt"


def provoked(tests: Path) -> set[str]:
    """Return the names of the reasons that tests speak of, as `Reason.X` or by the problem type's last part."""
    by_value = {reason.value: reason.name for reason in Reason}
    said = "\n".join(path.read_text() for path in modules(tests))
    names = set(re.findall(r"\bReason\.([A-Z_]+)\b", said))
    return names | {
        by_value[value] for value in re.findall(r"[\"':]([a-z]+(?:-[a-z]+)*)[\"']", said) if value in by_value
    }


def faults(tests: Path = ROOT / "tests", debt: Path = DEBT) -> list[str]:
    """Return what is wrong: a reason without meaning, one that no test provokes, an exception that is none."""
    found = [f"Reason.{reason.name}: no row in MEANINGS" for reason in Reason if reason not in MEANINGS]
    seen, allowed = provoked(tests), listed(debt)
    found += [f"{debt.name}: {name} gives no reason" for name, why in allowed.items() if not why]
    found += [f"Reason.{r.name}: no test provokes it" for r in Reason if r.name not in seen and r.name not in allowed]
    found += [f"{debt.name}: {name} is provoked now; take it off the list" for name in allowed if name in seen]
    found += [f"{debt.name}: there is no Reason.{name}" for name in allowed if name not in Reason.__members__]
    return found
