"""The policy, key and client of the management API's tests."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("admin_harness", Path(__file__).parents[1] / "admin" / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
_harness = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_harness)

policy = _harness.policy
policy_without_mtls = _harness.policy_without_mtls
key = _harness.key
asked = _harness.asked
