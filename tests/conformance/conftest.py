"""The same authorization server, partners and browsers as in the unit tests."""

import importlib.util
import sys
from pathlib import Path

_path = Path(__file__).parents[1] / "unit" / "oauth" / "conftest.py"
_spec = importlib.util.spec_from_file_location("oauth_harness", _path)
assert _spec is not None
assert _spec.loader is not None
harness = importlib.util.module_from_spec(_spec)
sys.modules["oauth_harness"] = harness
_spec.loader.exec_module(harness)

bank = harness.bank
template = harness.template
