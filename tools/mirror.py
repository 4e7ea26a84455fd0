"""Every module with logic has its unit test at the mirrored place, and every unit test its module."""

from pathlib import Path

from tools.tree import ROOT, SOURCE, dotted, has_logic, listed, modules

DEBT = ROOT / "tools" / "mirror_debt.txt"


def test_of(module: Path, source: Path, unit: Path) -> Path:
    """Return where a module's unit test stands."""
    below = module.relative_to(source)
    name = "package" if below.name == "__init__.py" else below.stem.strip("_")
    return unit / below.parent / f"test_{name}.py"


def faults(root: Path = ROOT, source: Path = SOURCE, debt: Path = DEBT) -> list[str]:
    """Return what is wrong: a module without test, a test without module, a listed exception that is none."""
    unit = root / "tests" / "unit"
    allowed = listed(debt)
    found = [f"{debt.name}: {name} gives no reason" for name, reason in allowed.items() if not reason]
    places = set()
    for module in modules(source):
        name, test = dotted(module, source), test_of(module, source, unit)
        places.add(test)
        missing = has_logic(module) and not test.is_file()
        if missing and name not in allowed:
            found.append(f"{name}: no {test.relative_to(root)}")
        if not missing and name in allowed:
            found.append(f"{debt.name}: {name} needs no exception any more; take it off the list")
    names = {dotted(module, source) for module in modules(source)}
    found += [f"{debt.name}: there is no module {name}" for name in allowed if name not in names]
    places |= {test_of(module, root / "tools", unit / "tools") for module in modules(root / "tools")}
    places |= {test_of(module, root / "bench", unit / "bench") for module in modules(root / "bench")}
    found += [
        f"{test.relative_to(root)}: mirrors no module"
        for test in modules(unit)
        if test.name.startswith("test_") and test not in places
    ]
    return found
