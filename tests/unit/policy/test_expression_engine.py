"""The engine comes without the shell of its package, and beside it where somebody else has loaded that."""

import subprocess
import sys

import pytest

from ringfence.policy import expression_engine
from ringfence.policy.expression_engine import engine

ALONE = """
import sys
from ringfence.policy.expressions import compiled_once
compiled = compiled_once("hour > 8")
assert compiled.names == ("hour",)
assert compiled.program.execute({"hour": 9}) is True
assert not {"prompt_toolkit", "cel.cli"} & sys.modules.keys()
import cel
assert cel.evaluate("hour > 8", {"hour": 8}) is False
assert "cel.cli" in sys.modules
"""


def test_no_shell_is_loaded() -> None:
    subprocess.run([sys.executable, "-c", ALONE], check=True, timeout=120)


def test_it_compiles_and_refuses() -> None:
    assert engine().compile("1 < 2").execute({}) is True
    with pytest.raises(ValueError, match="parse"):
        engine().compile("1 <")


def test_a_package_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression_engine, "_MODULE", "nowhere.cel")
    monkeypatch.setattr(expression_engine, "_PACKAGE", "nowhere")
    with pytest.raises(ImportError, match="not installed"):
        engine.__wrapped__()
